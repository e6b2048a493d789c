/* SPDX-License-Identifier: MIT */
/* The device behind the back-end: it can be held up, and has a state. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include "common/save.h"

static void dev_config_read(void *dev, uint32_t offset, void *buf, size_t len)
{
	(void)dev;
	memcpy(buf, &"configur"[offset], len);
}

static ssize_t dev_request(void *dev, unsigned queue,
			   struct virtio_chain *chain)
{
	struct front_end *f = dev;
	char *base = chain->writable[0].base;
	ssize_t answer = 4;

	(void)queue;
	pthread_mutex_lock(&f->lock);
	f->entered++;
	pthread_cond_broadcast(&f->changed);
	while (f->hold)
		pthread_cond_wait(&f->changed, &f->lock);
	if (base[0] == 'w' && !f->let_go) {
		answer = VIRTIO_CHAIN_WAITS;
		f->tries++;
	} else {
		memset(base, 'x', 4);
		f->handled++;
	}
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return answer;
}

static void dev_reset(void *dev)
{
	struct front_end *f = dev;

	pthread_mutex_lock(&f->lock);
	f->resets++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

#define TAG_LARGE SAVE_TAG('l', 'r', 'g', 'e')
#define TAG_NUMBER SAVE_TAG('n', 'm', 'b', 'r')

static int dev_save(void *dev, struct save_writer *w)
{
	static const uint8_t much[60000];
	struct front_end *f = dev;
	unsigned large = fe_get(f, &f->large);

	for (unsigned i = 0; i < large; i++) {
		save_begin(w, TAG_LARGE);
		save_bytes(w, much, sizeof(much));
		save_end(w);
	}
	save_begin(w, TAG_NUMBER);
	save_u32(w, fe_get(f, &f->number));
	save_end(w);
	return 0;
}

static int dev_restore(void *dev, struct save_reader *r)
{
	static uint8_t much[60000];
	struct front_end *f = dev;
	unsigned number;

	while (save_next(r) == TAG_LARGE) {
		save_take(r, TAG_LARGE);
		save_get_bytes(r, much, sizeof(much));
		save_done(r);
	}
	save_take(r, TAG_NUMBER);
	number = save_get_u32(r);
	if (save_done(r))
		return r->error;
	fe_set_number(f, &f->number, number);
	return 0;
}

const struct virtio_device_ops fe_device_ops = {
	.id = 26,
	.config_size = 8,
	.config_read = dev_config_read,
	.request = dev_request,
	.reset = dev_reset,
	.save = dev_save,
	.restore = dev_restore,
};
