// Whether the inputs of a block are in the run's domain. Included once per precision, before entry.h.

enum class Kind : uint8_t { kBetween, kBetweenOrZero, kAny };

// A domain as vectors that are compared where they lie.
struct Borders {
  struct Border {
    real min, max;
    whole first, last;  // The same for codes.
    Kind kind;
  };
  Border inputs[kColumnsMax];
};

// No addition, which a compiler must keep because of -0.
ACCELD_LANES real Everywhere(double a) { return static_cast<Number>(a) - real{}; }

inline void SetBorder(const Range& range, Borders::Border* border) {
  border->kind = range.min != range.min ? Kind::kAny : range.zero ? Kind::kBetweenOrZero : Kind::kBetween;
  if (border->kind == Kind::kAny) return;
  border->min = Everywhere(range.min);
  border->max = Everywhere(range.max);
  border->first = whole{} + static_cast<uint8_t>(range.min);
  border->last = whole{} + static_cast<uint8_t>(range.max);
}

ACCELD_LANES mask InBorder(real value, const Borders::Border& border) {
  if (__builtin_expect(border.kind == Kind::kBetween, 1)) return InRange(value, border.min, border.max);
  if (border.kind == Kind::kAny) return Equal(real{}, real{});
  return InRange(value, border.min, border.max) | Equal(value, real{});
}

ACCELD_LANES mask InBorder(whole code, const Borders::Border& border) {
  return border.kind == Kind::kAny ? Equal(real{}, real{}) : InSpan(code, border.first, border.last);
}

// As in f64, in which a product of two f32 is exact: the sign of Fma is that of the exact difference.
ACCELD_LANES mask ProductInBorder(real first, real second, double max) {
  const real bound = Everywhere(max);
  if constexpr (sizeof(Number) == sizeof(double)) return InRange(first * second, -bound, bound);
  const real excess = Fma(Absolute(first), Absolute(second), -bound);
  return InRange(excess, -bound, real{});
}

ACCELD_LANES mask ProductsInBorders(const KernelRun& run, size_t row) {
  mask good = Equal(real{}, real{});
  for (const BoundedProduct& product : run.domain->products) {
    const real first = LoadReals(run.inputs[product.first], row), second = LoadReals(run.inputs[product.second], row);
    good &= ProductInBorder(first, second, product.max);
  }
  return good;
}
