// clang-format off
// The words a kernel is written in. A kernel text is C without pointers, loops over rows, templates or libraries: plain
// functions over structs by value, and the words below. It is compiled once per precision, and a target gives each word
// its meaning: vectors as wide as the registers on a CPU, one row per thread on a GPU. Every word is exact or correctly
// rounded by IEEE 754, so a text gives the same bits on every target.
//
//   FUNCTION                    begins every function
//   real, whole, mask           numbers; unsigned integers of the same size; answers of a comparison
//   REAL(0.5) WHOLE(2)          constants
//   + - * /                     on reals, rounded once each, never contracted
//   + - & | ^ << and ShiftRight on wholes, modulo 2^64 or 2^32; shifts are logical, by a constant
//   Fma(a, b, c)                a * b + c, rounded once
//   Sqrt(a) Absolute(a)
//   Lesser(a, b)                Less(a, b) ? a : b
//   Less(a, b) Equal(a, b) IsCode(code, 2)      masks; these combine with &
//   Choose(mask, yes, no)       both sides are computed
//   Any(mask)                   whether a branch is worth taking: its result must be right for the rows outside the mask
//                               too
//   BitsOf(real) RealOf(whole)  the same bits
//   NOT_A_NUMBER                one quiet NaN, the only one a kernel makes
//   Flush(a)                    +0 for -0 and, in f32, for magnitudes below the smallest normal: a GPU may replace those
//                               by zero anywhere, so no f32 result may depend on one
//
// In f32 alone, for simulations:
//
//   Broadcast(a)                a parameter as a real
//   NumberOf(a)                 the real nearest to a whole that is read as a signed integer
//   wide                        64-bit wholes of which the upper half is left to chance
//   WideOf(a) Narrow(a)         to wide, and the lower half back
//   Product(a, 0xd2511f53)      64-bit product of the lower half and a constant
//   UpperHalf(a)                the upper half, as lower half
//   Mixed(a, b, c)              exclusive or of two wides and a parameter
//
// No name may be one that OpenCL C or Metal reserves, as half, device, constant or thread; and both sides of ?: must be of
// exactly one type.
//
// Targets: backends/cpu/words_f64.h and words_f32.h, backends/gpu/words.h.
// clang-format on
