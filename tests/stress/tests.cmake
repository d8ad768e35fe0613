# SPDX-License-Identifier: BSD-3-Clause
# Each stress test has programs that must fail: the same test over a copy of one
# file of src with one thing broken. They pass when the test notices.

# weir_broken(<test> <what> <file> <from> <to> [TSAN] [ALSO <from> <to>])
#   Compile stress/<test>.c with a copy of <file> in which every <from> reads
#   <to>, and register stress.<test>_broken_<what>. A header is broken for every
#   source of its room; the rest of the program comes from the library.
#   TSAN: only ThreadSanitizer can notice; registered in its build alone.
#   ALSO: a second replacement, harmless by itself, that makes a narrow race wide.
function(weir_broken test what file from to)
  if("TSAN" IN_LIST ARGN AND NOT WEIR_SANITIZER STREQUAL "tsan")
    return()
  endif()
  set(source ${PROJECT_SOURCE_DIR}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(FIND "${text}" "${from}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${test}_broken_${what}: ${file} no longer contains: ${from}")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")
  cmake_parse_arguments(broken "TSAN" "" "ALSO" ${ARGN})
  if(broken_ALSO)
    list(GET broken_ALSO 0 also_from)
    list(GET broken_ALSO 1 also_to)
    string(FIND "${text}" "${also_from}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "${test}_broken_${what}: ${file} no longer contains: ${also_from}")
    endif()
    string(REPLACE "${also_from}" "${also_to}" text "${text}")
  endif()
  set(dir ${PROJECT_BINARY_DIR}/broken/${test}_${what})
  file(WRITE ${dir}/text "${text}")
  configure_file(${dir}/text ${dir}/${file} COPYONLY) # touched only when changed

  set(sources ${dir}/${file})
  if(file MATCHES "[.]h$")
    get_filename_component(room ${file} DIRECTORY)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${room}/*.c)
  endif()
  set(target broken_${test}_${what})
  weir_test_program(${target} stress/${test}.c ${sources})
  add_dependencies(suite_stress ${target})
  target_include_directories(${target} BEFORE PRIVATE ${dir}/src)
  weir_register_test(stress.${test}_broken_${what} stress
    sh ${PROJECT_SOURCE_DIR}/tests/stress/broken.sh $<TARGET_FILE:${target}>)
endfunction()

# An element is read before it is published.
weir_broken(ring early src/shm/ring.h "stamp == head + 1" "stamp <= head + 1")
# The producer overwrites an element nobody has read.
weir_broken(ring overwrite src/shm/ring.h
  "ring->head_seen > ring->mask" "ring->head_seen > ring->mask + 1")
# Positions are stored without release: x86 keeps the order all the same.
weir_broken(ring relaxed_stamp src/shm/ring.h
  "memory_order_release); /* P1 */" "memory_order_relaxed); /* P1 */" TSAN)
weir_broken(ring relaxed_head src/shm/ring.h
  "memory_order_release); /* C2 */" "memory_order_relaxed); /* C2 */" TSAN)

# A proposal is written into the bank that a claimer may be reading.
weir_broken(table bank src/shm/table.c "other = !BANK(word)" "other = BANK(word)")
# A proposal is published before it is written.
weir_broken(table relaxed_proposal src/shm/table.c
  "memory_order_release, /* T1 */" "memory_order_relaxed, /* T1 */" TSAN)
# A claimer takes what another has just claimed.
weir_broken(table twice src/shm/table.c
  "make_word(WEIR_CELL_CLAIMED, BANK(word), attempt, word);"
  "make_word(WEIR_CELL_CLAIMED, BANK(word), attempt, word);
        for (volatile int i = 0; i < 500; i++)
            word = load_word(c);")
# A scan from before a reopening moves the hint past the reopened cell.
string(REPEAT "weir_now_ns() < 0 || " 60 never)
weir_broken(table epoch src/shm/table.c "((hint >> 32) + 1) << 32" "(hint >> 32) << 32"
  ALSO "uint64_t moved =" "uint64_t moved = (${never} 0) ? 0 :")
# A reopening leaves the hint where it is.
weir_broken(table no_hint src/shm/table.c "(uint32_t)hint < id ? (uint32_t)hint : id" "(uint32_t)hint")

# Records are overwritten without the odd mark, or read without looking again.
weir_broken(loss odd_mark src/shm/loss.c "&c->sequence, 2 * p + 1,"
  "&c->sequence, atomic_load_explicit(&c->sequence, memory_order_relaxed),")
weir_broken(loss recheck src/shm/loss.c "if (again != seq)" "if (again < seq)")
# A lapped reader counts one too few.
weir_broken(loss miscount src/shm/loss.c
  "*lost += target - *position" "*lost += target - *position - 1")

# The key is taken after asking: a ring in between is slept through.
weir_broken(doorbell late_key src/shm/doorbell.c "weir_futex_wait(&bell->rung, key, left)"
  "(void)key, weir_futex_wait(&bell->rung, bell->rung, left)")
# The waiter does not say that it waits.
weir_broken(doorbell deaf src/shm/doorbell.c "&bell->waiting, 1," "&bell->waiting, 0,")

# The last but one opens the barrier.
weir_broken(barrier early src/shm/barrier.c "memory_order_acq_rel) ==\n        1)"
  "memory_order_acq_rel) ==\n        2)")
# The leader publishes nothing by opening it.
weir_broken(barrier relaxed_round src/shm/barrier.c
  "memory_order_seq_cst); /* B2 */" "memory_order_relaxed); /* B2 */" TSAN)

# Two surrogates keep their predicted chains in the same place.
weir_broken(nn_determinism shared_state src/nn/surrogate.c "s->state = all + own_floats(s) - chain_floats(s);"
  "static float *one;
    s->state = one = one ? one : weir_array(own_floats(s), sizeof(float));")

# A lane writes on into a slot it has committed.
weir_broken(reservoir late_write pipeline/stages/solver_stage.c
  "say(l, WEIR_MESSAGE_SAMPLE, (uint32_t)slot);"
  "say(l, WEIR_MESSAGE_SAMPLE, (uint32_t)slot);
    for (volatile int i = 0; i < 500; i++)
        ;
    weir_slot_at(&l->run->slots, (uint32_t)slot)->frames[0] = -1;")
# A slot that the groups are reading is evicted and lent.
weir_broken(reservoir lent_in_batch pipeline/stages/reservoir.c
  "seen == 0 || r->n_batch > 0" "seen == 0")
# A sample of an attempt that is over comes in.
weir_broken(reservoir stale pipeline/stages/reservoir.c
  "s->attempt != attempt || s->step" "s->step")
# Samples nobody has trained on make room.
weir_broken(reservoir unseen_evicted pipeline/stages/reservoir.c
  "r->pool[r->unseen + weir_rng_below(&rng, seen)]"
  "r->pool[weir_rng_below(&rng, r->size)]")
# Samples of a simulation that failed stay.
weir_broken(reservoir kept_failed pipeline/stages/intake.c
  "weir_reservoir_withdraw(in->reservoir, id);" "")
# A rerun delivers what an earlier attempt delivered before.
weir_broken(reservoir no_skip pipeline/stages/solver_stage.c "l->next = l->claim.skip;" "l->next = 0;")

# A slot is the client's again before it was copied.
weir_broken(client_frames early_release src/client/host.c
  "bool finite = copy_checked(out, slot->value, h->frame_floats);
    release(h);"
  "release(h);
    bool finite = copy_checked(out, slot->value, h->frame_floats);")

# A half of the weights is offered and changed all the same.
weir_broken(snapshot unkept pipeline/stages/snapshot.c "weir_weights_keep(w);" "")
# An offer is taken while a checkpoint takes it back.
weir_broken(snapshot both pipeline/stages/snapshot.c
  "turns(s, WEIR_SNAPSHOT_OFFERED, WEIR_SNAPSHOT_TAKEN)" "weir_snapshot_is_offered(s)")
# What is offered may not be there yet.
weir_broken(snapshot relaxed pipeline/stages/snapshot.c
  "memory_order_release); /* W3 */" "memory_order_relaxed); /* W3 */" TSAN)
