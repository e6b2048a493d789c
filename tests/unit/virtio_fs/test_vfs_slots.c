/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_slots.h"

#include "lxutil/lx.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

struct object {
	struct vfs_slot slot;
	char content[24];
};

static int set_up(void **state)
{
	static struct vfs_slots slots;

	vfs_slots_init(&slots, sizeof(struct object), 3000);
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

static void drop(struct vfs_slots *slots, struct vfs_slot *slot)
{
	assert_true(vfs_slot_unref(slot));
	vfs_slots_free(slots, slot);
}

static void numbers_begin_at_one(void **state)
{
	struct vfs_slot *slot = make(*state);

	assert_int_equal(vfs_slot_id(slot), 1);
	assert_ptr_equal(vfs_slots_get(*state, 1), slot);
	assert_false(vfs_slot_unref(slot));
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
	assert_false(vfs_slot_unref(slot));
	assert_false(vfs_slot_unref(slot));
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
	assert_false(vfs_slot_unref(slot));
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
		assert_false(vfs_slot_unref(slot));
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
		assert_false(vfs_slot_unref(slot[i]));
		drop(*state, slot[i]);
	}
}

/* One thread makes and drops objects, others look for them by number. */
static _Atomic uint64_t shared_id;
static _Atomic bool stop;

static void *look(void *arg)
{
	struct vfs_slots *slots = arg;
	size_t wrong = 0;

	while (!atomic_load(&stop)) {
		uint64_t id = atomic_load(&shared_id);
		struct vfs_slot *slot = vfs_slots_get(slots, id);

		if (!slot)
			continue;
		wrong += vfs_slot_id(slot) != id ||
			 ((struct object *)slot)->content[0] != 'x';
		if (vfs_slot_unref(slot))
			vfs_slots_free(slots, slot);
	}
	return (void *)wrong;
}

static void an_object_stays_while_it_is_used(void **state)
{
	pthread_t thread[2];
	void *wrong;

	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, look, *state),
				 0);
	for (int i = 0; i < 20000; i++) {
		struct vfs_slot *slot = NULL;

		assert_int_equal(vfs_slots_new(*state, &slot), 0);
		memset(((struct object *)slot)->content, 'x', 24);
		vfs_slot_publish(slot, 1);
		atomic_store(&shared_id, vfs_slot_id(slot));
		if (vfs_slot_unref(slot))
			vfs_slots_free(*state, slot);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_null(wrong);
	}
	assert_int_equal(atomic_load(&((struct vfs_slots *)*state)->live), 0);
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
		TEST(zeroes_what_was_there),
		TEST(is_full_at_its_limit),
		TEST(visits_objects_only),
		TEST(an_object_stays_while_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
