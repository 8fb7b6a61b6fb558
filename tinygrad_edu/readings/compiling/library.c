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

static int step(const double *inputs, double *result)
{
    const double *at[] = {PLACES};
    (void)at;
    PROGRAM;
    return !fetestexcept(FAILED);
}

/* 1 if all numbers are finite, else 0, and the result does not hold. */
int call(const double *inputs, double *result)
{
    return can_begin(inputs) && step(inputs, result) && are_finite(result, SIZE);
}

/* The number of steps, of at most `steps`, that went well. After each step some of its results are kept, by their
   places, and some are copied into the next inputs: `moves` holds from where, where to, and how many. */
size_t loop(double *inputs, double *result, size_t steps, const size_t *moves, size_t size,
            const size_t *kept, size_t keeps, double *history)
{
    size_t done = 0;
    if (!can_begin(inputs))
        return 0;
    for (; done < steps && step(inputs, result); done++) {
        for (size_t k = 0; k < keeps; k++)
            *history++ = result[kept[k]];
        for (size_t k = 0; k < size; k += 3)
            memcpy(inputs + moves[k + 1], result + moves[k], moves[k + 2] * sizeof *result);
    }
    return done;
}
