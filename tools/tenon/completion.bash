# SPDX-License-Identifier: BSD-3-Clause
# bash completion for tenon(1). Commands, options and plugins come from the
# program itself, so that they cannot drift from it.

_tenon_commands()
{
	"$1" --help | sed -n '/^Commands$/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# _tenon_options PROGRAM [COMMAND]
_tenon_options()
{
	"$@" --help | sed -nE 's/^  (-., |    )(--[a-z-]*).*/\2/p'
}

_tenon()
{
	local program=$1 current=$2 previous=$3 command='' i

	# Bash has split --option=value at the equals sign.
	if [[ $current == = ]]; then
		current=
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --config | --servers | --ca | --cert | --key | --set | --user | --password-file | --color)
			((i++))
			if [[ ${COMP_WORDS[i]} == = ]]; then
				((i++))
			fi
			;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done

	COMPREPLY=()
	case $previous in
	-c | --config | -f | --file | -o | --output | --ca | --cert | --key | --password-file)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
		return
		;;
	--new)
		mapfile -t COMPREPLY < <(compgen -W 'hash failover secure' -- "$current")
		return
		;;
	--from)
		mapfile -t COMPREPLY < <(compgen -W \
			'nutcracker libmemcached php django mcrouter' -- "$current")
		return
		;;
	--servers | --set | --user | --pool | --server | --flags | --ttl | --exptime | --routing-key | --delay | --seconds | \
		--watch | --threads | --key-bytes | --value-bytes | --reads | --multi)
		return
		;;
	--keys)
		if [[ $command == diff ]]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		fi
		return
		;;
	--count)
		[[ $command != diff ]] || return
		;;
	--cas)
		[[ $command != cas ]] || return
		;;
	esac

	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_tenon_options "$program" ${command:+"$command"} 2>/dev/null)" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_tenon_commands "$program" 2>/dev/null)" -- "$current")
	elif [[ $command == diff ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [[ $command == plugins ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$("$program" plugins --names 2>/dev/null)" -- "$current")
	elif [[ $command == import ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -F _tenon tenon
