/* SPDX-License-Identifier: MIT */
/*
 * A host and a plugin in C++11.  It is only compiled.
 */
#include <pciplug.h>

namespace {

void msix_signal(void *, uint16_t, uint64_t, uint32_t)
{
}

int create(const pciplug_host *host, const char *, char *, size_t,
	   pciplug_device **)
{
	return host->size >= sizeof(*host) ? 0 : -22;
}

pciplug_plugin table()
{
	pciplug_plugin p = pciplug_plugin();

	p.size = sizeof(p);
	p.name = "cxx";
	p.create = create;
	return p;
}

}

extern "C" const pciplug_plugin *pciplug_entry_v1()
{
	static const pciplug_plugin plugin = table();

	return &plugin;
}

int abi_cxx()
{
	pciplug_host host = pciplug_host();
	pciplug_device *dev = nullptr;

	host.size = sizeof(host);
	host.msix_signal = msix_signal;
	return pciplug_entry_v1()->create(&host, "tag:/", nullptr, 0, &dev);
}
