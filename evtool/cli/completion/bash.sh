# Completion of evtool for bash 3.2 or newer.
_evtool() {
    local kind='' line
    COMPREPLY=()
    # The line goes to evtool as it is typed; nothing in it is expanded here or there. It is the evtool on the PATH that
    # is asked, whatever is typed: pressing TAB must not run a program that lies in a folder of somebody else.
    while IFS= read -r line; do
        if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
    done < <(_EVTOOL_COMPLETE=bash command evtool "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    # Names of files are completed by bash itself, which also quotes them.
    if type compopt >/dev/null 2>&1; then
        case $kind in
            files) compopt -o filenames -o default ;;
            directories) compopt -o filenames -o dirnames ;;
        esac
    elif [[ $kind == files || $kind == directories ]]; then
        COMPREPLY=()
    fi
}
complete -F _evtool evtool
