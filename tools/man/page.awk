# SPDX-License-Identifier: BSD-3-Clause
# awk -v top=SOURCE-FOLDER -f page.awk PAGE.Nin: write a manual page. Lines of the
# page that begin with "@" are replaced:
#
#	@NAMES HEADER [SECTION]		a .Nm for each function of the section
#	@FUNCTIONS HEADER [SECTION]	each function as the header declares it, with
#					what its comment says
#	@TYPES HEADER [SECTION]		structs, enums and typedefs of the section
#	@EXAMPLE FILE			a program of tools/examples, which is compiled
#	@HEADER HEADER			what a header declares, comments included
#	@OPTIONS NAME			options/NAME.mdoc
#
# A section is what follows a comment of the header like "---- client ----".

function escaped(text)
{
	gsub(/\\/, "\\e", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

# Print text in lines of at most 78 bytes.
function print_folded(text, count, words, line, i)
{
	count = split(text, words, " ")
	line = ""
	for (i = 1; i <= count; i++) {
		if (words[i] ~ /^tenon_[a-z0-9_]+\(\)[.,;:]?$/) {
			if (line != "")
				print escaped(line)
			line = ""
			sub(/\(\)/, " ", words[i])
			sub(/ $/, "", words[i])
			print ".Fn " words[i]
			continue
		}
		if (line != "" && length(line) + length(words[i]) > 76) {
			print escaped(line)
			line = ""
		}
		line = line == "" ? words[i] : line " " words[i]
		# Sentences begin on lines of their own.
		if (words[i] ~ /[a-z0-9)][.]$/) {
			print escaped(line)
			line = ""
		}
	}
	if (line != "")
		print escaped(line)
}

function fail(text)
{
	print "page.awk: " text >"/dev/stderr"
	failed = 1
	exit 1
}

# The function that a declaration is about, "" when there is none.
function function_of(text)
{
	return match(text, /tenon_[a-z0-9_]+\(/) && text !~ /^typedef/ ? \
		substr(text, RSTART, RLENGTH - 1) : ""
}

# One entry of a comment: "Shape:   text", or the text before the first of these.
function print_entry(entry, label)
{
	if (match(entry, /^[A-Z][a-z]+: */)) {
		label = substr(entry, 1, RLENGTH)
		sub(/: *$/, "", label)
		if (!in_list)
			print ".Bl -tag -width Threads"
		in_list = 1
		print ".It " label
		entry = substr(entry, RLENGTH + 1)
	}
	print_folded(entry)
}

function print_function(name, comment, code, count, lines, i, entry)
{
	print ".Ss " name
	print ".Bd -literal"
	printf "%s", code
	print ".Ed"
	print ".Pp"
	in_list = 0
	entry = ""
	count = split(comment, lines, "\n")
	for (i = 1; i <= count; i++) {
		if (lines[i] ~ /^[A-Z][a-z]+:( |$)/ && entry != "") {
			print_entry(entry)
			entry = ""
		}
		entry = entry == "" ? lines[i] : entry " " lines[i]
	}
	if (entry != "")
		print_entry(entry)
	if (in_list)
		print ".El"
}

# Walk through a header; what is NAMES or FUNCTIONS.
function walk(what, header, section, line, inside, comment, code, name, found, group)
{
	inside = section == ""
	comment = code = ""
	while ((getline line <(top "/" header)) > 0) {
		if (line ~ /^\/\* ---- /) {
			inside = section == "" || \
				index(line, "---- " section " ---") > 0
			comment = code = ""
			continue
		}
		if (!inside)
			continue
		if (line ~ /^\/\*\*/) {
			in_comment = 1
			comment = ""
		}
		if (in_comment) {
			if (line ~ /\*\//)
				in_comment = 0
			gsub(/^\/?\*+\/? ?|^ \*+\/? ?| *\*\/$/, "", line)
			sub(/^ +/, "", line)
			if (line != "")
				comment = comment (comment == "" ? "" : "\n") line
			continue
		}
		if (line == "" || line ~ /^#/) {
			code = ""
			continue
		}
		code = code escaped(line) "\n"
		if (line !~ /;$/)
			continue
		name = function_of(code)
		if (what == "TYPES") {
			if (code ~ /^(struct|enum|union) [a-z_]+ \{/ && \
			    line !~ /^}/)
				continue
			if (code ~ /^(struct|enum|union) [a-z_]+ \{|^typedef/) {
				printf "%s", code
				found++
			}
			code = ""
			continue
		}
		if (name != "" && code !~ /\{/) {
			found++
			if (what == "NAMES")
				names = names (names == "" ? "" : " ") name
			else
				print_function(name, comment != "" ? comment : \
					group, code)
			if (comment != "")
				group = comment
			comment = ""
		} else if (line ~ /^}|^(struct|enum|typedef)/) {
			comment = ""
		}
		code = line ~ /^[}a-z]/ || name != "" ? "" : code
	}
	close(top "/" header)
	if (!found)
		fail(header " has no such thing in section '" section "'")
}

function print_names(count, list, i)
{
	count = split(names, list, " ")
	for (i = 1; i <= count; i++)
		print ".Nm " list[i] (i < count ? " ," : "")
}

function print_header(header, line, inside)
{
	print ".Bd -literal"
	while ((getline line <(top "/" header)) > 0) {
		if (line ~ /^TENON_END_DECLS/)
			inside = 0
		if (inside && (line != "" || inside++ > 1))
			print escaped(line)
		if (line ~ /^TENON_BEGIN_DECLS/)
			inside = 1
	}
	close(top "/" header)
	print ".Ed"
}

$1 == "@NAMES" {
	names = ""
	header = $2
	$1 = $2 = ""
	sub(/^ +/, "")
	walk("NAMES", header, $0)
	print_names()
	next
}
$1 == "@FUNCTIONS" {
	header = $2
	$1 = $2 = ""
	sub(/^ +/, "")
	walk("FUNCTIONS", header, $0)
	next
}
$1 == "@TYPES" {
	header = $2
	$1 = $2 = ""
	sub(/^ +/, "")
	print ".Bd -literal"
	walk("TYPES", header, $0)
	print ".Ed"
	next
}
$1 == "@EXAMPLE" {
	file = top "/tools/examples/" $2
	print ".Bd -literal"
	for (lines = 0; (getline line <file) > 0; lines++)
		if (lines > 0)
			print escaped(line)
	close(file)
	print ".Ed"
	if (!lines)
		fail(file " is not there")
	next
}
$1 == "@HEADER" { print_header($2); next }
$1 == "@OPTIONS" {
	file = top "/tools/man/options/" $2 ".mdoc"
	lines = 0
	while ((getline line <file) > 0) {
		if (line !~ /^\.\\"/)
			print line
		lines++
	}
	close(file)
	if (!lines)
		fail(file " is not there")
	next
}
{ print }
END { if (failed) exit 1 }
