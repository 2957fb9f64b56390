/* Zephyr's kernel for a driver alone: time that passes on the bench, and nobody to wait for. */
#ifndef BENCH_ZEPHYR_KERNEL_H
#define BENCH_ZEPHYR_KERNEL_H
#include <zephyr/device.h>
typedef struct { int64_t ms; } k_timeout_t;
typedef int k_spinlock_key_t;
struct k_spinlock { int held; };
struct k_mutex { int held; };
struct k_sem { int count; };
struct k_work { void (*handler)(struct k_work *); };
#define K_MSEC(count) ((k_timeout_t){count})
#define K_FOREVER K_MSEC(-1)
#define K_NO_WAIT K_MSEC(0)
static inline k_spinlock_key_t k_spin_lock(struct k_spinlock *lock) { return lock->held = 1; }
static inline void k_spin_unlock(struct k_spinlock *lock, k_spinlock_key_t key) { lock->held = !key; }
static inline int k_mutex_init(struct k_mutex *lock) { return lock->held = 0; }
static inline int k_mutex_lock(struct k_mutex *lock, k_timeout_t most) { (void)most; lock->held = 1; return 0; }
static inline int k_mutex_unlock(struct k_mutex *lock) { lock->held = 0; return 0; }
static inline int k_sem_init(struct k_sem *sem, unsigned count, unsigned most) { (void)most; sem->count = (int)count; return 0; }
static inline int k_sem_take(struct k_sem *sem, k_timeout_t most) { (void)most; sem->count--; return 0; }
static inline void k_sem_give(struct k_sem *sem) { sem->count++; }
static inline int k_work_submit(struct k_work *work) { (void)work; return 0; }
static inline int32_t k_msleep(int32_t ms) { bus_wait_us((uint32_t)ms * 1000); return 0; }
static inline void k_sleep(k_timeout_t most) { bus_wait_us((uint32_t)most.ms * 1000); }
static inline void k_busy_wait(uint32_t us) { bus_wait_us(us); }
static inline uint32_t k_uptime_get_32(void) { return (uint32_t)(bus_now_us() / 1000); }
#endif
