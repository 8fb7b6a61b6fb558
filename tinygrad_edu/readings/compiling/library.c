/* What Python calls. Before it stand the program and

   COUNT     how many numbers of the inputs there are
   SIZE      how many numbers of the result
   PLACES    where the arguments of the program begin, and where the last one ends
   PROGRAM   its call, with the arguments `at`, result and room
   ROOM      for how many numbers it needs room, if it needs any

   The flags of the processor tell whether a step left the finite numbers; Python then says where. */

#include <fenv.h>
#include <stddef.h>
#include <string.h>

#ifdef ROOM
static _Thread_local double room[ROOM];
#endif

enum { FAILED = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW };

static int are_finite(const double *numbers, size_t size)
{
    for (size_t k = 0; k < size; k++)
        if (!isfinite(numbers[k]))
            return 0;
    return 1;
}

static int can_begin(const double *inputs)
{
    if (!are_finite(inputs, COUNT))
        return 0;
    if (fetestexcept(FAILED))
        feclearexcept(FAILED);
    return 1;
}

static int step(const double *const *at, double *result)
{
    (void)at;
    PROGRAM;
    return !fetestexcept(FAILED);
}

/* 1 if all numbers are finite, else 0, and the result does not hold. */
int call(const double *inputs, double *result)
{
    const double *at[] = {PLACES};
    return can_begin(inputs) && step(at, result) && are_finite(result, SIZE);
}

/* The number of steps, of at most `steps`, that went well. The two halves of `results` take turns. After each step
   some of its results are kept, by their places, and some are the next arguments: `carried` holds which arguments
   these are, and where they begin in the result. */
size_t loop(const double *inputs, double *results, size_t steps, const size_t *carried, size_t carries,
            const size_t *kept, size_t keeps, double *history)
{
    const double *at[] = {PLACES};
    size_t done = 0;
    if (!can_begin(inputs))
        return 0;
    for (; done < steps; done++) {
        double *result = results + done % 2 * SIZE;
        if (!step(at, result))
            break;
        for (size_t k = 0; k < keeps; k++)
            *history++ = result[kept[k]];
        for (size_t k = 0; k < carries; k++)
            at[carried[2 * k]] = result + carried[2 * k + 1];
    }
    return done;
}
