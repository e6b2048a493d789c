/* SPDX-License-Identifier: MIT */
/*
 * lsvirtiofs - inside a guest, list the virtio-fs functions and check them
 * against the specification.  See docs/man/lsvirtiofs.1.
 */
#include "config.h"

#include "common/bytes.h"
#include "tools/lsvirtiofs/lsv_access.h"
#include "tools/lsvirtiofs/lsv_check.h"
#include "tools/lsvirtiofs/lsv_report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum exit_status {
	EXIT_CLEAN = 0,
	EXIT_VIOLATIONS = 1,
	EXIT_CANNOT = 2                 /* no device, no access, bad usage */
};

struct options {
	bool check;
	bool json;
};

static const char usage_text[] =
	"usage: lsvirtiofs [--check] [--json]\n"
	"\n"
	"List the virtio-fs PCI functions of this machine: identity, BARs,\n"
	"capabilities, MSI-X table, features, queues and tag.\n"
	"\n"
	"  -c, --check    print only what violates the specification\n"
	"  -j, --json     print a JSON array\n"
	"  -h, --help     print this\n"
	"  -V, --version  print the version\n"
	"\n"
	"Exit status: 0: fine; 1: --check found violations; 2: there is no\n"
	"virtio-fs function, or it cannot be read (only root can).\n";

/* What --check collects of one function. */
struct findings {
	const char *slot;
	struct json_object *list;       /* NULL: print them */
};

static void add_finding(void *ctx, const char *violation)
{
	struct findings *f = ctx;

	if (f->list)
		json_object_array_add(f->list,
				      json_object_new_string(violation));
	else
		printf("%s: %s\n", f->slot, violation);
}

/* Read all that can be read of the function; vectors: LSV_VECTORS_MAX. */
static int read_function(struct lsv_access *access, struct lsv_regs *regs,
			 struct lsv_vector *vectors,
			 struct lsv_report_data *data)
{
	const struct lsv_msix *msix = &access->config.msix;
	unsigned n = MIN(msix->vectors, LSV_VECTORS_MAX);
	int rc;

	data->config = &access->config;
	data->vectors = vectors;
	/* Behind the window may be another table than the guest's. */
	if (msix->present && msix->table_bar < LSV_BARS &&
	    access->map[msix->table_bar] &&
	    !lsv_vectors_read(&access->io, msix, n, vectors))
		data->n_vectors = n;
	rc = lsv_regs_read(&access->io, &access->config, regs);
	if (!rc)
		data->regs = regs;
	return rc;
}

/* The function's part of the output; out: the JSON array, or NULL. */
static enum exit_status show(struct pci_device *dev, const struct options *opt,
			     struct json_object *out)
{
	static struct lsv_vector vectors[LSV_VECTORS_MAX];
	struct lsv_report_data data = { 0 };
	struct findings findings = { data.slot, NULL };
	struct json_object *object = NULL;
	struct lsv_access access;
	struct lsv_regs regs;
	unsigned n = 0;
	int rc;

	snprintf(data.slot, sizeof(data.slot), "%04x:%02x:%02x.%u",
		 (unsigned)dev->domain, dev->bus, dev->dev,
		 (unsigned)dev->func);
	rc = lsv_access_open(&access, dev);
	if (rc) {
		fprintf(stderr, "lsvirtiofs: %s: cannot read the configuration space: %s%s\n",
			data.slot, strerror(-rc),
			geteuid() ? " (only root can)" : "");
		return EXIT_CANNOT;
	}
	rc = read_function(&access, &regs, vectors, &data);
	if (rc)
		fprintf(stderr, "lsvirtiofs: %s: cannot read the registers: %s\n",
			data.slot, strerror(-rc));
	if (out) {
		object = lsv_report_json(&data);
		json_object_array_add(out, object);
	} else if (!opt->check) {
		lsv_report_text(stdout, &data);
	}
	if (opt->check) {
		if (object) {
			findings.list = json_object_new_array();
			json_object_object_add(object, "violations",
					       findings.list);
		}
		n = lsv_check_config(&access.config, add_finding, &findings);
		if (data.regs)
			n += lsv_check_regs(&access.config, &regs, add_finding,
					    &findings);
	}
	lsv_access_close(&access);
	if (n)
		return EXIT_VIOLATIONS;
	return rc ? EXIT_CANNOT : EXIT_CLEAN;
}

static enum exit_status show_all(const struct options *opt)
{
	static const struct pci_id_match match = {
		.vendor_id = 0x1af4,
		.device_id = 0x105a,
		.subvendor_id = PCI_MATCH_ANY,
		.subdevice_id = PCI_MATCH_ANY,
	};
	struct json_object *out = opt->json ? json_object_new_array() : NULL;
	struct pci_device_iterator *iter = pci_id_match_iterator_create(&match);
	enum exit_status status = EXIT_CLEAN;
	struct pci_device *dev;
	unsigned count = 0;

	while (iter && (dev = pci_device_next(iter))) {
		enum exit_status s = show(dev, opt, out);

		status = MAX(status, s);
		count++;
	}
	pci_iterator_destroy(iter);
	if (out)
		puts(json_object_to_json_string_ext(out,
						    JSON_C_TO_STRING_PRETTY));
	json_object_put(out);
	if (count)
		return status;
	fputs("lsvirtiofs: there is no virtio-fs function\n", stderr);
	return EXIT_CANNOT;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	struct options opt = { false, false };
	enum exit_status status;
	int c, rc;

	while ((c = getopt_long(argc, argv, "cjhV", long_options, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt.check = true;
			break;
		case 'j':
			opt.json = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return EXIT_CLEAN;
		case 'V':
			puts("lsvirtiofs " PACKAGE_VERSION);
			return EXIT_CLEAN;
		default:
			return EXIT_CANNOT;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lsvirtiofs: unexpected argument '%s' (see --help)\n",
			argv[optind]);
		return EXIT_CANNOT;
	}
	rc = pci_system_init();
	if (rc) {
		fprintf(stderr, "lsvirtiofs: cannot look at the PCI bus: %s\n",
			strerror(rc));
		return EXIT_CANNOT;
	}
	status = show_all(&opt);
	pci_system_cleanup();
	return (int)status;
}
