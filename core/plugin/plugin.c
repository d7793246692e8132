/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/plugin.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void tenon__plugin_free(struct tenon__plugin *plugin)
{
	if (plugin) {
		tenon__free(plugin->options);
		tenon__free(plugin->origin);
		tenon__free(plugin);
	}
}

void tenon__plugin_show_path(char out[TENON__SHOWN_PATH_BYTES],
			     const char *path)
{
	size_t len = strlen(path);

	if (len < TENON__SHOWN_PATH_BYTES) {
		memcpy(out, path, len + 1);
	} else {
		snprintf(out, TENON__SHOWN_PATH_BYTES, "...%s",
			 path + len - (TENON__SHOWN_PATH_BYTES - 10));
	}
}

void tenon__plugin_describe(char out[TENON__SUBJECT_BYTES],
			    const struct tenon__plugin *plugin)
{
	char origin[TENON__SHOWN_PATH_BYTES];

	tenon__plugin_show_path(origin, plugin->origin);
	snprintf(out, TENON__SUBJECT_BYTES, "%s plugin '%s' (%s)",
		 plugin->kind_name, plugin->name, origin);
}

int tenon__plugin_error(struct tenon_error *err, int code,
			const struct tenon_error *reported,
			const struct tenon__plugin *plugin, const char *slot,
			const struct tenon__place *place)
{
	char subject[TENON__SUBJECT_BYTES];

	if (code == TENON_ENOMEM) {
		return tenon__error_no_memory(err);
	}
	tenon__plugin_describe(subject, plugin);
	if (code != TENON_ECONFIG) {
		return tenon__error_place(
			err, TENON_EPLUGIN, place,
			"%s: %s returned %d, expected 0, TENON_ENOMEM (%d) or TENON_ECONFIG (%d)%s%s",
			subject, slot, code, TENON_ENOMEM, TENON_ECONFIG,
			reported->message[0] != '\0' ? ": " : "",
			reported->message);
	}
	if (reported->message[0] == '\0') {
		return tenon__error_place(
			err, code, place,
			"%s: %s does not accept the options: it returned %d (%s), and gives no reason",
			subject, slot, code, tenon_status_name(code));
	}
	return tenon__error_place(err, code, place, "%s: %s", subject,
				  reported->message);
}

int tenon__plugin_init_error(struct tenon_error *err, int code,
			     const char *kind_name, const char *name)
{
	struct tenon_error reported;

	if (!err || code == TENON_ENOMEM) {
		return tenon__error_set(err, code, "%s",
					tenon_status_name(code));
	}
	reported = *err;
	if (reported.message[0] == '\0') {
		return tenon__error_set(err, code,
					"%s plugin '%s': init returned %d (%s), and gives no reason",
					kind_name, name, code,
					tenon_status_name(code));
	}
	return tenon__error_set(err, code, "%s plugin '%s': %s", kind_name,
				name, reported.message);
}
