/* SPDX-License-Identifier: BSD-3-Clause */
#include "health_json.h"

#include "json.h"

static json_t *error_of(int32_t status, const char *text, int64_t ago_ms)
{
	json_t *object = json_object();

	js_put(object, "code", json_integer(status));
	js_put_text(object, "status", tenon_status_name(status));
	js_put_text(object, "message", text);
	js_put(object, "ago_ms", json_integer(ago_ms));
	return object;
}

json_t *health_json_error(const struct tenon_health *health)
{
	json_t *object = error_of(health->error_status, health->error_text,
				  health->now_ms - health->error_at_ms);

	if (health->error_sys_errno != 0) {
		js_put(object, "errno", json_integer(health->error_sys_errno));
	}
	return object;
}

json_t *health_json_noreply(const struct tenon_health *health)
{
	const struct tenon_noreply_health *noreply = &health->noreply;
	json_t *object = json_object();

	js_put_u64(object, "errors", noreply->errors);
	if (noreply->error_status != 0) {
		js_put(object, "last_error",
		       error_of(noreply->error_status, noreply->error_text,
				health->now_ms - noreply->error_at_ms));
	}
	return object;
}
