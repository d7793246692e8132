#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The command line: help, errors, manual, completion. No server.
. "$abs_top_srcdir/tests/cli/lib.sh"

commands='get set add replace append prepend cas delete touch gat incr decr info
	stats version ping health flush-all where check import plugins bench'

begin help_lists_every_command
run 0 --help
for command in $commands; do
	out_has "^  $command  *[a-z]"
done
no_err
end

begin help_of_every_command_has_usage_options_and_examples
for command in $commands; do
	run 0 "$command" --help
	out_has "^usage: tenon \[OPTION\]... $command"
	out_has '^Options'
	out_has '^Examples'
	out_has "^  .*tenon .*$command"
done
end

begin manual_names_every_command_and_option
pages=$abs_top_srcdir/tools/man # tenon.1 has the options that all commands have
for command in $commands; do
	page=$(grep -l "^\.It Ic $command\( \|\$\)" "$pages"/tenon-*.1)
	check "one page has $command" test -f "$page"
	check "tenon.1 has $command" \
		grep -Eq "^\.It .*Ic $command( |\$)" "$pages/tenon.1"
	run 0 "$command" --help
	options=$(sed -nE 's/^  (-., |    )--([a-z-]*).*/\2/p' out)
	check 'there are options' test -n "$options"
	for option in $options; do
		check "the page of $command has --$option" \
			grep -q "Fl -$option" "$page" "$pages/tenon.1"
	done
done
end

begin version_is_printed
run 0 --version
out_has '^tenon [0-9]+\.[0-9]+\.[0-9]+'
end

begin no_command_is_an_error
run 2
no_out
err 'no command .see tenon --help'
end

begin unknown_command_names_the_nearest
run 2 stat
err "unknown command 'stat', did you mean 'stats'"
run 2 frobnicate
err "unknown command 'frobnicate' .see tenon --help"
end

begin unknown_option_names_the_nearest
run 2 set key value --ttk 5
err "unknown option '--ttk', did you mean '--ttl'.*see tenon set --help"
run 2 -x get key
err "unknown option '-x'"
end

begin option_of_a_command_does_not_stand_before_it
run 2 --ttl 5 set key value
err "option '--ttl' belongs to a command and must follow its name"
end

begin operands_are_counted
run 2 get
err 'get needs KEY'
run 2 set key value more
err "set: 'more' is one argument too many \(see "
run 2 check a.yaml
err "check: 'a.yaml' is one argument too many; a config is given with -c FILE \(see "
end

begin option_arguments_are_checked
run 2 set key value --ttl 5w
err "--ttl is '5w', expected a whole number with a unit"
run 2 set key value --ttl 36501d
err "--ttl is '36501d'"
run 2 set key value --flags 4294967296
err "--flags is '4294967296'"
run 2 set key value --flags
err "'--flags' needs N"
run 2 set key value --noreply=yes
err "'--noreply' takes no argument"
run 2 cas key value --cas 18446744073709551616
err "--cas is"
run 2 set key value --exptime 1x
err "--exptime is '1x', expected a whole number"
run 2 --color=sometimes --help
err "--color is 'sometimes', expected auto, always or never"
run 2 --set prefix get key
err "--set is 'prefix', expected KEY=VALUE"
run 2 incr key many
err "DELTA is 'many'"
end

begin contradictions_are_refused
run 2 set key value --ttl 5 --exptime 5
err 'give one'
run 2 set key value --file usage
err 'VALUE and --file'
run 2 touch key
err '--ttl DURATION is needed'
run 2 gat key
err '--ttl DURATION is needed'
run 2 cas key value
err '--cas N is needed'
run 2 get --output file one two
err '--output takes one KEY'
run 2 where
err 'no key'
end

begin errors_with_json_are_objects_too
run 2 get --jsn --json
err "unknown option '--jsn', did you mean '--json'"
out_has '^  "error": \{'
out_has '"message": "unknown option'
end

begin control_bytes_do_not_reach_the_terminal
run 2 "$(printf 'a\033b')"
err "'a.x1bb'"
end

begin colours_only_when_wanted
run 0 --help
check 'no escape' test "$(tr -dc '\033' <out | wc -c)" -eq 0
run 0 --help --color=always
check 'escapes' test "$(tr -dc '\033' <out | wc -c)" -gt 0
end

begin unwritable_output_is_reported
if test -c /dev/full; then
	"$tenon" --help >/dev/full 2>err
	check 'status 3 on a full device' test $? -eq 3
	err 'standard output: No space left'
fi
"$tenon" --help >&- 2>err
check 'status 3 without a stdout' test $? -eq 3
err 'standard output: Bad file descriptor'
end

# complete_words WORD...: print bash's completions of the last word
complete_words()
{
	bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_tenon "$1" "${*: -1}" "${@: -2:1}"
		printf "%s\n" "${COMPREPLY[@]}"' \
		"$abs_top_srcdir/tools/tenon/completion.bash" "$tenon" "$@" \
		>out 2>err
}

# completion NAME: run the function of that name as a test. Skipped without bash.
completion()
{
	if ! command -v bash >/dev/null; then
		skip "$1" 'no bash'
		return
	fi
	begin "$1"
	"$1"
	end
}

completion_offers_commands()
{
	complete_words ''
	for command in $commands; do
		out_has "^$command\$"
	done
	complete_words -c file fl
	out flush-all
	no_err
}

completion_offers_options()
{
	complete_words --se
	out "$(printf '%s\n' --servers --set)"
	complete_words set key --ex
	out --exptime
	complete_words --color = a
	out "$(printf '%s\n' auto always)"
}

completion_offers_plugins()
{
	complete_words plugins ketam
	out ketama
}

completion_offers_files()
{
	touch some.yaml
	complete_words -c som
	out some.yaml
}

completion completion_offers_commands
completion completion_offers_options
completion completion_offers_plugins
completion completion_offers_files

finish
