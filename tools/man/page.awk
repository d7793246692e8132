# SPDX-License-Identifier: BSD-3-Clause
# awk -v top=SOURCE-FOLDER -f page.awk PAGE.Nin: write a manual page. Lines of the
# page that begin with "@" are replaced:
#
#	@FROM HEADER [SECTION]	nothing; the lines below are about the functions of this
#				section, and of the sections of other @FROM lines
#	@NAMES			a .Nm for each function
#	@SYNOPSIS		each function as the header declares it
#	@TYPES			the structs, enums, typedefs and macros that the functions
#				use, with the comments of their members
#	@FUNCTIONS		what the comment of each function says, but for
#	@RETURNS		what it returns, and
#	@ERRORS			its errors
#	@EXAMPLE FILE		a program of tools/examples, which is compiled
#	@PLUGIN FILE		a plugin of tools/plugin-template, which is compiled
#	@HEADER HEADER		what a header declares, comments included
#	@OPTIONS NAME		options/NAME.mdoc
#
# A section is what follows a comment of the header like "---- client ----"; without
# SECTION, the whole header.
#
# The public headers are read first, into items: a function, macro or type each, with
# item_kind, item_name, item_code (as declared), item_comment (what /** says), item_header
# and item_section. item_of[IDENTIFIER] is the item that defines a macro, type or
# enumerator.

function escaped(text)
{
	gsub(/\\/, "\\e", text)
	return text ~ /^[.']/ ? "\\&" text : text
}

function flush(line)
{
	if (line != "")
		print escaped(line)
}

# Print text in lines of at most 78 bytes.
function print_folded(text, count, words, line, i)
{
	count = split(text, words, " ")
	line = ""
	for (i = 1; i <= count; i++) {
		if (words[i] ~ /^tenon_[a-z0-9_]+\(\)[.,;:]?$/) {
			flush(line)
			line = ""
			sub(/\(\)/, " ", words[i])
			sub(/ $/, "", words[i])
			print ".Fn " words[i]
			continue
		}
		if (line != "" && length(line) + length(words[i]) > 76) {
			flush(line)
			line = ""
		}
		line = line == "" ? words[i] : line " " words[i]
		# Sentences begin on lines of their own.
		if (words[i] ~ /[A-Za-z0-9)"][.]$/) {
			flush(line)
			line = ""
		}
	}
	flush(line)
}

function fail(text)
{
	print "page.awk: " text >"/dev/stderr"
	failed = 1
	exit 1
}

# ---- reading headers --------------------------------------------------------

# A declaration without its comments.
function bare(code)
{
	while (match(code, /\/\*([^*]|\*+[^*\/])*\*+\//))
		code = substr(code, 1, RSTART - 1) substr(code, RSTART + RLENGTH)
	return code
}

# How deep in braces the end of the code is, -1 when within a comment.
function depth(code)
{
	code = bare(code)
	if (index(code, "/*"))
		return -1
	return gsub(/\{/, "", code) - gsub(/\}/, "", code)
}

function is_complete(code)
{
	if (code ~ /^#/)
		return code !~ /\\\n$/ && depth(code) != -1
	return depth(code) == 0 && bare(code) ~ /(;|\n\})[ \n]*$/
}

function kind_of(code)
{
	if (code ~ /^#define/)
		return "macro"
	if (code ~ /^typedef/)
		return "typedef"
	return code ~ /^(struct|enum) [a-z_0-9]+( \{|;)/ ? "type" : "function"
}

function name_of(code, kind)
{
	if (kind == "typedef")
		sub(/^[^(]*\(\*/, "", code)
	else if (kind == "function")
		sub(/\(.*/, "", code)
	else
		sub(/^(#define|struct|enum) /, "", code)
	if (kind == "function")
		sub(/^.*[ *]/, "", code)
	match(code, /^[A-Za-z0-9_]+/)
	return substr(code, 1, RLENGTH)
}

# Note that item defines each enumerator of an enum.
function define_enumerators(item, code, rest)
{
	rest = bare(code)
	while (match(rest, /TENON_[A-Z0-9_]+/)) {
		item_of[substr(rest, RSTART, RLENGTH)] = item
		rest = substr(rest, RSTART + RLENGTH)
	}
}

function add_item(header, section, comment, code, item, kind)
{
	kind = kind_of(code)
	# An inline function is shown without its body.
	if (kind == "function")
		sub(/\n\{.*/, ";\n", code)
	item = item_count++
	item_header[item] = header
	item_section[item] = section
	item_comment[item] = comment
	item_code[item] = code
	item_kind[item] = kind
	item_name[item] = name_of(code, kind)
	if (kind != "function" && !(kind == "type" && code ~ /^[^{]*;/ && item_name[item] in item_of))
		item_of[item_name[item]] = item
	if (code ~ /^enum/)
		define_enumerators(item, code)
}

# The text of a comment, without its stars and what is only for doxygen.
function text_of(comment)
{
	gsub(/(^|\n)[ \t]*(\/\*\*|\*\/|\*)[ \t]?/, "\n", comment)
	gsub(/[ \t]*\*+\//, "", comment)
	gsub(/\n[ \t]*@[^\n]*/, "\n", comment)
	gsub(/\n[ \t\n]+/, "\n", comment)
	gsub(/^\n+|\n+$/, "", comment)
	return comment
}

# A group has one comment, which each of its functions continues.
function read_header(header, line, section, comment, code, group)
{
	section = comment = code = group = ""
	while ((getline line <(top "/" header)) > 0) {
		if (line ~ /^\/\* ---- /) {
			section = line
			gsub(/^\/\* -+ | -+ \*\/$/, "", section)
		} else if (code == "" && line ~ /^\/\*/) {
			comment = line "\n"
			while (line !~ /\*\//) {
				getline line <(top "/" header)
				comment = comment line "\n"
			}
			if (comment ~ /@\{/)
				group = comment
			if (comment ~ /@\}/)
				group = ""
		} else if (line ~ /^TENON_(BEGIN|END)_DECLS|^#(if|el|end|in|un)/ || \
			   code == "" && line == "") {
			code = ""
		} else {
			code = code line "\n"
			if (!is_complete(code))
				continue
			add_item(header, section, comment, code)
			item_group[item_count - 1] = group
			comment = code = ""
		}
	}
	close(top "/" header)
}

# ---- what a page is about ---------------------------------------------------

# chosen[0..chosen_count-1] are the functions of the sections.
function choose(header, section, i, before)
{
	before = chosen_count
	for (i = 0; i < item_count; i++) {
		if (item_header[i] != header || item_kind[i] != "function")
			continue
		if (section == "" || item_section[i] == section)
			chosen[chosen_count++] = i
	}
	for (i = 0; i < item_count; i++)
		if (item_header[i] == header && item_kind[i] == "macro" && \
		    item_section[i] == section && section != "")
			use(i)
	if (chosen_count == before)
		fail(header " has no function in section '" section "'")
	if (!(header in included))
		includes = includes ".In " substr(header, 9) "\n"
	included[header] = 1
}

# Mark an item, and what it mentions, as used by the page's functions.
function use(item, rest, word)
{
	if (item in used)
		return
	used[item] = 1
	rest = item_code[item] item_comment[item] item_group[item]
	while (match(rest, /(tenon|TENON)_[A-Za-z0-9_]+/)) {
		word = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		if (word in item_of)
			use(item_of[word])
	}
}

# ---- writing what comments say ----------------------------------------------

# Cut a comment into entry[LABEL], such as entry["Owns"]; the text in front has no label.
# labels[1..label_count] are in order.
function read_entries(comment, lines, count, i, label)
{
	split("", entry)
	label_count = 0
	label = ""
	count = split(text_of(comment), lines, "\n")
	for (i = 1; i <= count; i++) {
		if (match(lines[i], /^[A-Z][a-z]+:/)) {
			label = substr(lines[i], 1, RLENGTH - 1)
			labels[++label_count] = label
			lines[i] = substr(lines[i], RLENGTH + 1)
		}
		entry[label] = entry[label] " " lines[i]
	}
}

# Begin with a capital letter, unless the first word is a parameter of the function.
function print_sentence(text, code)
{
	sub(/^ +/, "", text)
	if (match(text, /^[a-z]+[ ,.:;]/) && \
	    code !~ "[ *]" substr(text, 1, RLENGTH - 1) "[,)]")
		text = toupper(substr(text, 1, 1)) substr(text, 2)
	print_folded(text)
}

# Print a comment, but for what has sections of its own.
function print_comment(comment, code, i, open)
{
	read_entries(comment)
	print_sentence(entry[""], code)
	for (i = 1; i <= label_count; i++) {
		if (labels[i] == "Returns" || labels[i] == "Errors")
			continue
		if (!open)
			print ".Bl -tag -width Threads"
		open = 1
		print ".It " labels[i]
		print_sentence(entry[labels[i]], code)
	}
	if (open)
		print ".El"
}

# A group has a heading and a comment; its functions follow.
function print_functions(i, group, title)
{
	for (i = 0; i < chosen_count; i++) {
		if (item_group[chosen[i]] == "")
			group = ""
		if (item_group[chosen[i]] != group) {
			group = title = item_group[chosen[i]]
			sub(/^.*@name /, "", title)
			sub(/\n.*/, "", title)
			print ".Ss " title
			print_comment(group, item_code[chosen[i]])
		}
		print ".Ss " item_name[chosen[i]]
		print_comment(item_comment[chosen[i]], item_code[chosen[i]])
	}
}

# What a function's comment says under a label, or else what its group's says.
function entry_of(item, label)
{
	read_entries(item_comment[item])
	if (!(label in entry))
		read_entries(item_group[item])
	if (label in entry)
		return entry[label]
	if (item_code[item] !~ /^void /)
		fail(item_name[item] " has no " label ": in its comment")
	return " none."
}

# Functions of which the same is said stand together; those with nothing to say last.
function print_label(label, nothing, i, text, names, listed, left)
{
	for (i = 0; i < chosen_count; i++) {
		text = entry_of(chosen[i], label)
		if (text ~ /^ *none\.$/) {
			left++
			continue
		}
		if (!listed++)
			print ".Bl -tag -width Ds"
		names = names ".Fn " item_name[chosen[i]]
		if (i + 1 < chosen_count && entry_of(chosen[i + 1], label) == text) {
			names = names " ,\n"
			continue
		}
		print ".It Xo\n" names "\n.Xc"
		print_sentence(text, item_code[chosen[i]])
		names = ""
	}
	if (listed)
		print ".El"
	if (left)
		print (listed ? ".Pp\nThe other functions " : \
		       "The functions of this page ") nothing
}

# ---- replacing lines --------------------------------------------------------

function print_names(i)
{
	for (i = 0; i < chosen_count; i++)
		print ".Nm " item_name[chosen[i]] (i < chosen_count - 1 ? " ," : "")
}

function print_code(code, lines, count, i)
{
	count = split(code, lines, "\n")
	for (i = 1; i < count; i++)
		print escaped(lines[i])
}

function print_synopsis(i)
{
	printf "%s", includes
	print ".Bd -literal"
	for (i = 0; i < chosen_count; i++)
		print_code(item_code[chosen[i]])
	print ".Ed"
}

# The types that functions use, as the headers have them; the functions use what their
# comments mention, and types use what their members are.
function print_types(i, text, any)
{
	for (i = 0; i < chosen_count; i++)
		use(chosen[i])
	print ".Bd -literal"
	for (i = 0; i < item_count; i++) {
		if (!(i in used) || item_kind[i] == "function")
			continue
		if (any++)
			print ""
		text = item_comment[i] item_code[i]
		gsub(/\/\*\*<?/, "/*", text)
		print_code(text)
	}
	print ".Ed"
}

function print_header(header, line, inside)
{
	print ".Bd -literal"
	while ((getline line <(top "/" header)) > 0) {
		if (line ~ /^TENON_END_DECLS/)
			inside = 0
		if (inside && (line != "" || inside++ > 1)) {
			gsub(/\/\*\*<?/, "/*", line)
			print escaped(line)
		}
		if (line ~ /^TENON_BEGIN_DECLS/)
			inside = 1
	}
	close(top "/" header)
	print ".Ed"
}

# The licence line of an example is not shown.
function print_example(file, line, lines)
{
	print ".Bd -literal"
	for (lines = 0; (getline line <file) > 0; lines++)
		if (lines > 0)
			print escaped(line)
	close(file)
	print ".Ed"
	if (!lines)
		fail(file " is not there")
}

function print_options(file, line, lines)
{
	while ((getline line <file) > 0) {
		if (line !~ /^\.\\"/)
			print line
		lines++
	}
	close(file)
	if (!lines)
		fail(file " is not there")
}

BEGIN {
	item_count = chosen_count = 0
	count = split("types error tenon health lease pool introspect ring", headers, " ")
	for (i = 1; i <= count; i++)
		read_header("include/tenon/" headers[i] ".h")
}
$1 == "@FROM" {
	header = $2
	$1 = $2 = ""
	sub(/^ +/, "")
	choose(header, $0)
	next
}
$1 == "@NAMES" { print_names(); next }
$1 == "@SYNOPSIS" { print_synopsis(); next }
$1 == "@TYPES" { print_types(); next }
$1 == "@FUNCTIONS" { print_functions(); next }
$1 == "@RETURNS" { print_label("Returns", "return nothing."); next }
$1 == "@ERRORS" { print_label("Errors", "cannot fail."); next }
$1 == "@EXAMPLE" { print_example(top "/tools/examples/" $2); next }
$1 == "@PLUGIN" { print_example(top "/tools/plugin-template/" $2); next }
$1 == "@HEADER" { print_header($2); next }
$1 == "@OPTIONS" { print_options(top "/tools/man/options/" $2 ".mdoc"); next }
{ print }
END { if (failed) exit 1 }
