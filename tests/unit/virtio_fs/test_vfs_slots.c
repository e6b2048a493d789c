/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_slots.h"

#include "lxutil/lx.h"
#include "tests/lib/fake_image.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct object {
	struct vfs_slot slot;
	char content[24];
};

static atomic_uint releases;

static void release(void *owner, struct vfs_slot *slot)
{
	struct object *object = (struct object *)slot;

	memset(object->content, 'r', sizeof(object->content));
	atomic_fetch_add(&releases, 1);
	vfs_slots_free(owner, slot);
}

static int set_up(void **state)
{
	static struct vfs_slots slots;

	vfs_slots_init(&slots, sizeof(struct object), 3000, release, &slots);
	*state = &slots;
	return 0;
}

static int tear_down(void **state)
{
	vfs_slots_done(*state);
	return 0;
}

static struct vfs_slot *make(struct vfs_slots *slots)
{
	struct vfs_slot *slot = NULL;

	assert_int_equal(vfs_slots_new(slots, &slot), 0);
	vfs_slot_publish(slot, 1);
	return slot;
}

/* Was it the last reference? */
static bool put(struct vfs_slots *slots, struct vfs_slot *slot)
{
	unsigned before = atomic_load(&releases);

	vfs_slots_put(slots, slot);
	return atomic_load(&releases) != before;
}

static void drop(struct vfs_slots *slots, struct vfs_slot *slot)
{
	assert_true(put(slots, slot));
}

static void numbers_begin_at_one(void **state)
{
	struct vfs_slot *slot = make(*state);

	assert_int_equal(vfs_slot_id(slot), 1);
	assert_ptr_equal(vfs_slots_get(*state, 1), slot);
	assert_false(put(*state, slot));
	drop(*state, slot);
}

static void finds_nothing_that_is_not_there(void **state)
{
	struct vfs_slot *slot = make(*state);

	assert_null(vfs_slots_get(*state, 0));
	assert_null(vfs_slots_get(*state, 2));
	assert_null(vfs_slots_get(*state, UINT64_MAX));
	assert_null(vfs_slots_get(*state, UINT32_MAX));
	assert_null(vfs_slots_get(*state, 1ull << 32 | 1));
	assert_null(vfs_slots_get(*state, 1ull << 32));
	drop(*state, slot);
}

static void hides_an_object_until_it_is_published(void **state)
{
	struct vfs_slot *slot = NULL, *found;

	assert_int_equal(vfs_slots_new(*state, &slot), 0);
	assert_null(vfs_slots_get(*state, vfs_slot_id(slot)));
	vfs_slot_publish(slot, 2);
	found = vfs_slots_get(*state, vfs_slot_id(slot));
	assert_ptr_equal(found, slot);
	assert_false(put(*state, slot));
	assert_false(put(*state, slot));
	drop(*state, slot);
}

static void uses_no_number_twice(void **state)
{
	uint64_t last = 0;

	for (int i = 0; i < 1000; i++) {
		struct vfs_slot *slot = make(*state);
		uint64_t id = vfs_slot_id(slot);

		assert_int_equal((uint32_t)id, 1);      /* one slot is enough */
		assert_true(id > last);
		assert_null(vfs_slots_get(*state, last));
		last = id;
		drop(*state, slot);
		assert_null(vfs_slots_get(*state, id));
	}
}

static void retires_a_slot_without_numbers(void **state)
{
	struct vfs_slot *slot = make(*state);

	atomic_store(&slot->state, (uint64_t)UINT32_MAX << 32 | 1);
	assert_ptr_equal(vfs_slots_get(*state, vfs_slot_id(slot)), slot);
	assert_false(put(*state, slot));
	drop(*state, slot);
	slot = make(*state);
	assert_int_equal(vfs_slot_id(slot), 2);
	assert_null(vfs_slots_get(*state, 1));
	drop(*state, slot);
}

static void zeroes_what_was_there(void **state)
{
	struct object *object = (struct object *)make(*state);
	static const char zeros[sizeof(object->content)];

	memset(object->content, 0xff, sizeof(object->content));
	drop(*state, &object->slot);
	assert_ptr_equal(make(*state), object);
	assert_memory_equal(object->content, zeros, sizeof(zeros));
	drop(*state, &object->slot);
}

static void is_full_at_its_limit(void **state)
{
	struct vfs_slots *slots = *state;
	struct vfs_slot *slot = NULL;
	uint32_t index = 0, count = 0;

	for (int i = 0; i < 3000; i++)
		make(slots);
	assert_int_equal(vfs_slots_new(slots, &slot), -LX_ENFILE);
	assert_null(slot);
	assert_int_equal(atomic_load(&slots->live), 3000);
	while ((slot = vfs_slots_next(slots, &index))) {
		assert_false(put(slots, slot));
		drop(slots, slot);
		assert_int_equal(index, ++count);
	}
	assert_int_equal(count, 3000);
	assert_int_equal(atomic_load(&slots->live), 0);
	drop(slots, make(slots));
}

static void visits_objects_only(void **state)
{
	struct vfs_slot *slot[3];
	uint32_t index = 0;

	for (int i = 0; i < 3; i++)
		slot[i] = make(*state);
	drop(*state, slot[1]);
	assert_ptr_equal(vfs_slots_next(*state, &index), slot[0]);
	assert_ptr_equal(vfs_slots_next(*state, &index), slot[2]);
	assert_null(vfs_slots_next(*state, &index));
	for (int i = 0; i < 3; i += 2) {
		assert_false(put(*state, slot[i]));
		drop(*state, slot[i]);
	}
}

/* One thread makes and drops objects, others look for them by number. */
static _Atomic uint64_t shared_id;
static _Atomic bool stop;
#define LOOKERS 3

/* The first two have lines for marks, others count. */
static void *look(void *arg)
{
	static atomic_uint lookers;
	struct vfs_slots *slots = arg;
	unsigned line = atomic_fetch_add(&lookers, 1);
	size_t wrong = 0;

	marks_thread_init(line < 2 ? line : MARKS_LINES);

	while (!atomic_load(&stop)) {
		uint64_t id = atomic_load(&shared_id);
		struct vfs_slot *slot = vfs_slots_get(slots, id);

		if (!slot)
			continue;
		wrong += vfs_slot_id(slot) != id ||
			 ((struct object *)slot)->content[0] != 'x';
		vfs_slots_put(slots, slot);
	}
	return (void *)wrong;
}

static void an_object_stays_while_it_is_used(void **state)
{
	unsigned before = atomic_load(&releases);
	pthread_t thread[LOOKERS];
	void *wrong;

	atomic_store(&stop, false);
	for (int i = 0; i < LOOKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, look, *state),
				 0);
	for (int i = 0; i < 20000; i++) {
		struct vfs_slot *slot = NULL;

		assert_int_equal(vfs_slots_new(*state, &slot), 0);
		memset(((struct object *)slot)->content, 'x', 24);
		vfs_slot_publish(slot, 1);
		atomic_store(&shared_id, vfs_slot_id(slot));
		vfs_slots_put(*state, slot);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < LOOKERS; i++) {
		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(atomic_load(&((struct vfs_slots *)*state)->live), 0);
	assert_int_equal(atomic_load(&releases) - before, 20000);
}

/* Who uses an object by a mark writes nothing to it, and keeps it. */
static void a_mark_is_a_reference(void **state)
{
	struct vfs_slot *slot = make(*state), *found;
	uint64_t was = atomic_load(&slot->state), id = vfs_slot_id(slot);

	marks_thread_init(5);
	found = vfs_slots_get(*state, id);
	assert_ptr_equal(found, slot);
	assert_int_equal(atomic_load(&slot->state), was);
	/* One reference goes, the table's say; the other one is left. */
	assert_false(put(*state, slot));
	assert_int_equal(((struct object *)slot)->content[0], 0);
	assert_true(put(*state, slot));
	assert_null(vfs_slots_get(*state, id));
	marks_thread_init(MARKS_LINES);
}

static void *drop_counted(void *arg)
{
	vfs_slots_put(arg, vfs_slots_at(arg, 1));
	return NULL;
}

/* The table's reference goes first, on another thread. */
static void the_last_mark_releases(void **state)
{
	struct vfs_slot *slot = make(*state);
	uint64_t id = vfs_slot_id(slot);
	unsigned before = atomic_load(&releases);
	pthread_t thread;

	marks_thread_init(5);
	for (int i = 0; i < MARKS_CELLS + 1; i++)
		assert_ptr_equal(vfs_slots_get(*state, id), slot);
	for (int i = 0; i < MARKS_CELLS; i++)
		assert_false(put(*state, slot));
	pthread_create(&thread, NULL, drop_counted, *state);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&releases), before);
	assert_true(put(*state, slot));
	slot = make(*state);
	assert_ptr_equal(vfs_slots_get(*state, vfs_slot_id(slot)), slot);
	pthread_create(&thread, NULL, drop_counted, *state);
	pthread_join(thread, NULL);
	/* It is dying: nobody finds it any more. */
	assert_null(vfs_slots_get(*state, vfs_slot_id(slot)));
	assert_int_equal(atomic_load(&releases), before + 1);
	assert_true(put(*state, slot));
	marks_thread_init(MARKS_LINES);
}

/* ---- saved state ------------------------------------------------------- */

#define KIND SAVE_TAG('t', 'e', 's', 't')

/* The numbers of a table, as another one reads them. */
static struct save_reader *save(struct vfs_slots *slots,
				struct fake_image *image)
{
	static struct save_writer w;
	static struct save_reader r;

	save_open(&w, KIND, fake_image_write, image);
	vfs_slots_save(slots, &w);
	assert_int_equal(save_close(&w), 0);
	fake_image_rewind(image);
	assert_int_equal(save_read(&r, KIND, fake_image_read, image), 0);
	return &r;
}

static void another_table_goes_on_with_the_numbers(void **state)
{
	struct vfs_slots *slots = *state, other;
	struct fake_image image = { 0 };
	struct vfs_slot *kept, *lost, *gone, *slot;
	uint64_t kept_id, lost_id, gone_id;

	drop(slots, make(slots));
	gone = make(slots);
	lost = make(slots);
	kept = make(slots);
	gone_id = vfs_slot_id(gone);
	lost_id = vfs_slot_id(lost);
	kept_id = vfs_slot_id(kept);
	drop(slots, gone);
	vfs_slots_init(&other, sizeof(struct object), 3000, release, &other);
	assert_int_equal(vfs_slots_restore(&other, save(slots, &image)), 0);
	assert_int_equal(vfs_slots_place(&other, 0, &slot), -LX_EINVAL);
	assert_int_equal(vfs_slots_place(&other, 4, &slot), -LX_EINVAL);
	assert_int_equal(vfs_slots_place(&other, UINT32_MAX, &slot),
			 -LX_EINVAL);
	assert_int_equal(vfs_slots_place(&other, kept_id + (1ull << 32), &slot),
			 -LX_EINVAL);
	assert_int_equal(vfs_slots_place(&other, kept_id, &slot), 0);
	vfs_slot_publish(slot, 1);
	assert_int_equal(vfs_slots_place(&other, kept_id, &slot), -LX_EINVAL);
	vfs_slots_close(&other);
	slot = vfs_slots_get(&other, kept_id);
	assert_non_null(slot);
	vfs_slots_put(&other, slot);
	assert_null(vfs_slots_get(&other, lost_id));
	/* What is made now has no number that was given out. */
	for (int i = 0; i < 3; i++) {
		uint64_t id = vfs_slot_id(make(&other));

		assert_true(id != kept_id && id != lost_id && id != gone_id);
	}
	assert_int_equal(atomic_load(&other.used), 4);
	assert_int_equal(atomic_load(&other.live), 4);
	vfs_slots_done(&other);
	fake_image_done(&image);
	drop(slots, kept);
	drop(slots, lost);
}

/* An image may say so of a slot; the next one is of other numbers. */
static void a_slot_that_was_used_up_may_be_placed_in(void **state)
{
	struct vfs_slots *slots = *state, other;
	struct fake_image image = { 0 };
	const uint64_t last = (uint64_t)UINT32_MAX << 32 | 1;
	struct vfs_slot *kept = make(slots), *slot;
	uint64_t id = vfs_slot_id(kept);

	vfs_slots_init(&other, sizeof(struct object), 3000, release, &other);
	assert_int_equal(vfs_slots_restore(&other, save(slots, &image)), 0);
	atomic_store(&vfs_slots_at(&other, 1)->state, last - 1);
	assert_int_equal(vfs_slots_place(&other, last, &slot), 0);
	vfs_slot_publish(slot, 1);
	vfs_slots_close(&other);
	drop(&other, slot);
	/* None is made there ... */
	slot = make(&other);
	assert_int_equal(slot->index, 2);
	drop(&other, slot);
	/* ... but one may be put there again. */
	for (int turn = 0; turn < 2; turn++) {
		struct fake_image again = { 0 };

		assert_int_equal(vfs_slots_restore(&other, save(slots, &again)),
				 0);
		if (turn)
			assert_int_equal(vfs_slots_place(&other, id, &slot), 0);
		vfs_slots_close(&other);
		fake_image_done(&again);
	}
	assert_int_equal(vfs_slot_id(slot), id);
	vfs_slots_done(&other);
	fake_image_done(&image);
	drop(slots, kept);
}

static void a_table_of_many_records_comes_back(void **state)
{
	struct vfs_slots *slots = *state, other;
	struct fake_image image = { 0 };
	struct vfs_slot *slot;

	vfs_slots_done(slots);
	vfs_slots_init(slots, sizeof(struct object), 40000, release, slots);
	for (int i = 0; i < 40000; i++)
		make(slots);
	vfs_slots_init(&other, sizeof(struct object), 40000, release, &other);
	assert_int_equal(vfs_slots_restore(&other, save(slots, &image)), 0);
	for (uint32_t i = 1; i <= 40000; i += 13)
		assert_int_equal(vfs_slots_place(&other, i, &slot), 0);
	vfs_slots_close(&other);
	fake_image_done(&image);
	vfs_slots_done(&other);
}

static void a_table_that_is_too_large_is_refused(void **state)
{
	struct vfs_slots *slots = *state, other;
	struct fake_image image = { 0 };

	make(slots);
	make(slots);
	vfs_slots_init(&other, sizeof(struct object), 1, release, &other);
	assert_int_equal(vfs_slots_restore(&other, save(slots, &image)),
			 -LX_EINVAL);
	vfs_slots_close(&other);
	assert_int_equal(vfs_slot_id(make(&other)), 1);
	fake_image_done(&image);
	vfs_slots_done(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_begin_at_one),
		TEST(finds_nothing_that_is_not_there),
		TEST(hides_an_object_until_it_is_published),
		TEST(uses_no_number_twice),
		TEST(retires_a_slot_without_numbers),
		TEST(another_table_goes_on_with_the_numbers),
		TEST(a_slot_that_was_used_up_may_be_placed_in),
		TEST(a_table_of_many_records_comes_back),
		TEST(a_table_that_is_too_large_is_refused),
		TEST(zeroes_what_was_there),
		TEST(is_full_at_its_limit),
		TEST(visits_objects_only),
		TEST(a_mark_is_a_reference),
		TEST(the_last_mark_releases),
		TEST(an_object_stays_while_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
