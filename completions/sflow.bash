# bash completion for sflow.  Names come from the program itself.
_sflow() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local names=

	case $before in
	-i | -o | --input | --output)
		names=$(sflow complete formats)
		;;
	-f | --file | --bad)
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	--checkpoint | --tmp)
		COMPREPLY=($(compgen -d -- "$word"))
		return
		;;
	--without)
		names=$(sflow complete rules)
		;;
	-j | --workers | --every | --hosts | --launch | --memory | --disk | \
		--sim-seed)
		return
		;;
	help)
		names=$(sflow complete)
		;;
	*)
		case $word in
		-*) names=$(sflow complete options) ;;
		*)
			if [ "$COMP_CWORD" = 1 ]; then
				names=$(sflow complete commands)
			fi
			;;
		esac
		;;
	esac
	COMPREPLY=($(compgen -W "$names" -- "$word"))
	if [ ${#COMPREPLY[@]} = 0 ]; then
		COMPREPLY=($(compgen -f -- "$word"))
	fi
}
complete -o filenames -F _sflow sflow
