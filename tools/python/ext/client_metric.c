/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics that the plugins of a config count. */
#include "client_object.h"

#include "tenon/health.h"
#include "tenon/plugin/plugin.h"

static PyStructSequence_Field metric_fields[] = {
	{ "kind", "kind of the plugin, such as \"failover\"" },
	{ "plugin", "name of the plugin" },
	{ "name", "name of the metric" },
	{ "type", "\"counter\", or \"gauge\" for a number that goes up and down" },
	{ "value", "of all clients of a pool, counted since the config was opened" },
	{ "help", "one line about the metric" },
	{ NULL, NULL },
};

PyStructSequence_Desc metric_desc = {
	"tenon.Metric", DOC("Metric", "(values)", "An entry of metrics()."),
	metric_fields, 6,
};

/* A help is the plugin's text, which need not be UTF-8. */
static PyObject *any_text(const char *text)
{
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static PyObject *describe_metric(const struct client *self,
				 const struct tenon_metric_info *metric)
{
	PyObject *const objects[] = {
		PyUnicode_FromString(metric->kind),
		PyUnicode_FromString(metric->plugin),
		PyUnicode_FromString(metric->name),
		PyUnicode_FromString(metric->type == TENON_METRIC_COUNTER
					     ? "counter" : "gauge"),
		PyLong_FromLongLong(metric->value),
		any_text(metric->help),
	};

	return client_struct(self->base.state->metric_type, objects, 6);
}

PyObject *client_metrics(PyObject *object, PyObject *unused)
{
	struct client *self = client_of(object);
	struct tenon_metric_info metric;

	(void)unused;
	if (!client_enter(self)) {
		return NULL;
	}
	PyObject *list = PyList_New(0);
	for (size_t i = 0; list && tenon_client_metric(self->base.client, i,
						       &metric) == 0; i++) {
		PyObject *entry = describe_metric(self, &metric);

		if (!entry || PyList_Append(list, entry) < 0) {
			Py_CLEAR(list);
		}
		Py_XDECREF(entry);
	}
	base_leave(&self->base);
	return list;
}
