# SPDX-License-Identifier: BSD-3-Clause
# usage: awk -v dir=DIR -f readme_blocks.awk README.md
#
# Find the command blocks of a README: fenced ones of language sh, and indented ones.
# Line N starts the block, or the output that the README shows for it:
#
#	DIR/commands.N    the commands of a block that is to be run
#	DIR/expected.N    the text block behind it: what block N prints
#	DIR/varying.N     exists when the figures of that text are not the same each time
#
# A block below `<!-- not run: REASON -->` is not written. Errors go to standard output.

function complain(text) { print FILENAME ":" FNR ": " text }

function block_begins()
{
	reason = marker
	marker = ""
	start = FNR
	target = reason == "" ? dir "/commands." start : "/dev/null"
	if (reason == "")
		printf "" >target
}

function text_begins()
{
	target = shown ? dir "/expected." shown : "/dev/null"
	if (shown)
		printf "" >target
	if (varying && shown)
		print "" >(dir "/varying." shown)
	else if (varying)
		complain("figures vary, but no output is compared here")
	varying = shown = 0
}

function fence_begins(language)
{
	fenced = language == "" ? "plain" : language
	target = "/dev/null"
	if (language == "sh")
		block_begins()
	else if (language == "text")
		text_begins()
	else if (language !~ /^(|c|yaml|python|mermaid)$/)
		complain("language '" language "' is not one of sh, text, c, yaml, python, mermaid")
}

# Only a text block directly behind a block that is run shows its output.
function fence_ends()
{
	shown = fenced == "sh" && reason == "" ? start : 0
	fenced = ""
}

function unused_marker()
{
	if (marker != "")
		complain("the marker 'not run' has no block below it")
	if (varying)
		complain("the marker 'figures vary' has no block below it")
	marker = ""
	varying = 0
}

/^ *```/ {
	language = $0
	sub(/^ *```/, "", language)
	if (fenced != "")
		fence_ends()
	else
		fence_begins(language)
	next
}
fenced != "" {
	print >target
	next
}
/^<!-- not run: .+ -->$/ {
	unused_marker()
	marker = $0
	blank = 1
	next
}
/^<!-- figures vary -->$/ {
	varying = 1
	next
}
/^<!--/ { complain("unknown marker " $0) }
/^    / && (blank || indented) {
	if (!indented)
		block_begins()
	indented = 1
	print substr($0, 5) >target
	next
}
{
	if (indented)
		shown = reason == "" ? start : 0
	indented = 0
	blank = $0 == ""
	if (!blank) {
		unused_marker()
		shown = 0
	}
}
END {
	unused_marker()
	if (fenced != "")
		complain("a block has no end")
}
