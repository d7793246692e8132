/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
	int status;
	const char *name;
} status_names[] = {
	{ TENON_OK, "ok" },
	{ TENON_HIT, "hit" },
	{ TENON_MISS, "miss" },
	{ TENON_STORED, "stored" },
	{ TENON_NOT_STORED, "not stored" },
	{ TENON_EXISTS, "exists" },
	{ TENON_DELETED, "deleted" },
	{ TENON_TOUCHED, "touched" },
	{ TENON_SENT, "sent" },
	{ TENON_NOT_MODIFIED, "not modified" },
	{ TENON_ENOMEM, "out of memory" },
	{ TENON_EINVAL, "invalid argument" },
	{ TENON_EKEY, "invalid key" },
	{ TENON_ETOOBIG, "value too big" },
	{ TENON_ETIMEDOUT, "timed out" },
	{ TENON_ECONNECT, "not connected" },
	{ TENON_ECLOSED, "connection closed" },
	{ TENON_EDOWN, "server down" },
	{ TENON_EPROTOCOL, "protocol error" },
	{ TENON_ESERVER, "server error" },
	{ TENON_ECLIENT, "client error" },
	{ TENON_EUNKNOWN, "unknown command" },
	{ TENON_EDISABLED, "disabled" },
	{ TENON_ECONFIG, "config error" },
	{ TENON_EPLUGIN, "plugin refused" },
	{ TENON_EIO, "input/output error" },
	{ TENON_EBUSY, "client busy" },
	{ TENON_EUNDECODABLE, "undecodable" },
	{ TENON_EENCODED, "encoded value" },
	{ TENON_EREFUSED, "refused by policy" },
	{ TENON_EWAIT, "wait given up" },
	{ TENON_ELOCAL, "local limit" },
	{ TENON_ESECURE, "not secured" },
	{ TENON_EAUTH, "not authenticated" },
};

const char *tenon_status_name(int status)
{
	for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]);
	     i++) {
		if (status_names[i].status == status) {
			return status_names[i].name;
		}
	}
	return "unknown status";
}

/* Return true when the byte is not the first byte of a UTF-8 sequence. */
static int continues_utf8(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/*
 * Make a text safe to print. size is the room in text, full_len the length of the whole text.
 * A text that was cut ends in "..."; a UTF-8 sequence is never cut in the middle. Control
 * characters become '?', so that input quoted in a message cannot break the line or control a terminal.
 */
static void tidy(char *text, size_t size, size_t full_len)
{
	if (full_len >= size) {
		size_t end = size - 4;

		while (end > 0 && continues_utf8(text[end])) {
			end--;
		}
		memcpy(text + end, "...", 4);
	}
	tenon__mask_controls(text);
}

static void write_message(struct tenon_error *err, size_t start,
			  const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void write_message(struct tenon_error *err, size_t start,
			  const char *format, va_list args)
{
	int len = vsnprintf(err->message + start, sizeof(err->message) - start,
			    format, args);

	if (len < 0) {
		err->message[start] = '\0';
		len = 0;
	}
	tidy(err->message, sizeof(err->message), start + (size_t)len);
}

int tenon__error_set(struct tenon_error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err) {
		return code;
	}
	err->code = code;
	va_start(args, format);
	write_message(err, 0, format, args);
	va_end(args);
	return code;
}

int tenon__error_no_memory(struct tenon_error *err)
{
	return tenon__error_set(err, TENON_ENOMEM, "%s",
				tenon_status_name(TENON_ENOMEM));
}

int tenon__error_at(struct tenon_error *err, int code, const char *where,
		    uint32_t line, uint32_t column, const char *format, ...)
{
	va_list args;
	size_t start = 0;
	int len;

	if (!err) {
		return code;
	}
	err->code = code;
	err->line = line;
	err->column = column;
	len = snprintf(err->where, sizeof(err->where), "%s", where);
	tidy(err->where, sizeof(err->where), len < 0 ? 0 : (size_t)len);
	if (line > 0) {
		len = snprintf(err->message, sizeof(err->message), "%s:%u:%u: ",
			       err->where, (unsigned)line, (unsigned)column);
		start = len < 0 ? 0 : (size_t)len;
	}
	va_start(args, format);
	write_message(err, start, format, args);
	va_end(args);
	return code;
}

/* ---- local limits -------------------------------------------------------- */

static const struct {
	int sys_errno;
	const char *advice;
} local_limits[] = {
	{ EMFILE,
	  "; raise the limit of open files of this process, RLIMIT_NOFILE" },
	{ ENFILE, "; raise the limit of open files of this host, fs.file-max" },
	{ EADDRNOTAVAIL,
	  "; this host has no free local port or no address of that family, see net.ipv4.ip_local_port_range" },
	{ ENOBUFS, "; this host has no memory for sockets" },
	{ ENOMEM, "; this host has no memory for sockets" },
	{ EAFNOSUPPORT, "; this process may open no socket of that address family" },
	{ EPROTONOSUPPORT, "; this process may open no socket of that address family" },
	{ ENETDOWN, "; the network interface of this host is down" },
};

#define LOCAL_COUNT (sizeof(local_limits) / sizeof(local_limits[0]))

const char *tenon__local_advice(int sys_errno)
{
	for (size_t i = 0; i < LOCAL_COUNT; i++) {
		if (local_limits[i].sys_errno == sys_errno) {
			return local_limits[i].advice;
		}
	}
	return "";
}

bool tenon__is_local_limit(int sys_errno)
{
	return tenon__local_advice(sys_errno)[0] != '\0';
}
