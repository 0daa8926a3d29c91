#compdef evtool
# Completion of evtool for zsh 5 or newer.
_evtool() {
    local -a answer values shown
    local line
    # The words go to evtool without their quotes; nothing in them is expanded. It is the evtool on the PATH that is
    # asked, whatever is typed: pressing TAB must not run a program that lies in a folder of somebody else.
    answer=("${(@f)$(_EVTOOL_COMPLETE=zsh command evtool "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $answer[1] in
        files) _files ;;
        directories) _files -/ ;;
        words)
            for line in "${(@)answer[2,-1]}"; do
                values+=("${line%%$'\t'*}")
                shown+=("${line/$'\t'/  -- }")
            done
            (( $#values )) && compadd -l -d shown -a values ;;
    esac
}
if [[ $funcstack[1] == _evtool ]]; then
    _evtool "$@"
else
    compdef _evtool evtool
fi
