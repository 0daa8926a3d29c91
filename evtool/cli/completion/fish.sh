# Completion of evtool for fish 3.1 or newer.
function __evtool_words
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    # It is the evtool on the PATH that is asked, whatever is typed: pressing TAB must not run a program that lies in a
    # folder of somebody else.
    set -l answer (_EVTOOL_COMPLETE=fish command evtool $words "$current" 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current"
        case words
            set -e answer[1]
            printf '%s\n' $answer
    end
end
complete -c evtool -e
complete -c evtool -f -a '(__evtool_words)'
