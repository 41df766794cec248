# bash completion of xenvmevent: the program itself says what can follow.
_xenvmevent() {
    local line=${COMP_LINE:0:COMP_POINT} words word last
    read -ra words <<< "$line"
    if [[ $line == *[[:space:]] ]]; then words+=(''); fi
    last=${words[-1]}
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        if [ "$word" = '<file>' ]; then
            compopt -o default # Without an answer, bash completes files.
        else
            COMPREPLY+=("${word#"${last%"${last##*[=:]}"}"}") # For bash a word begins behind '=' and ':'.
        fi
    done < <("${words[0]}" complete "${words[@]:1}" 2> /dev/null)
    if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
}
complete -F _xenvmevent xenvmevent
