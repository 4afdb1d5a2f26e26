# vit.bash: completion of the vit command-line tool for bash. Source it, or put it, named vit, into
# /usr/share/bash-completion/completions/ or ~/.local/share/bash-completion/completions/.

_vit() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'classify zeroshot embed info convert quantize bench --help --version' -- "$word")
        return
    fi

    case $before in
        --isa) words='reference avx2 avx512 neon' ;;
        --precision) words='f32 bf16 int8' ;;
        --set)
            words='heads= text_heads= activation= pool= eps= resize= filter= passes= crop= mean= std= position='
            compopt -o nospace 2>/dev/null
            ;;
        --size) [ "$command" = bench ] && words='ti16 s16 s32 b8 b16 b32 l16 l32 h14 so400m14 g14 gg14' ;;
        --sweep) words='tokens width depth all' ;;
        --batch | --height | --image-size | --patch | --runs | --template | --threads | --top | --width) return ;;
        *)
            case $command:$word in
                classify:-*) words='--top --labels --no-color --batch --threads --isa --size --width --height' ;;
                zeroshot:-*) words='--top --template --tokenizer --no-color --threads --isa --size --width --height' ;;
                embed:-*) words='--normalize --text --template --tokenizer --batch --threads --isa --size --width --height' ;;
                info:-*) words='--labels --tokenizer --isa --size --width --height' ;;
                convert:-*) words='--labels --tokenizer' ;;
                quantize:-*) words='--tokenizer --threads --isa --size --width --height' ;;
                bench:-*) words='--runs --batch --threads --isa --size --image-size --patch --sweep --turns --cold --first --cpu-time --save --width --height' ;;
            esac
            [ "$command" = quantize ] || words+=' --precision'
            [ -z "$words" ] || words+=' --config --preprocessor --set --json --quiet --help'
            ;;
    esac

    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _vit vit
