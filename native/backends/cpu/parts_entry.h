// Parts of kernels that tests reach alone: the same text in every lane. Included once, after both precisions.

inline bool PhiloxPart(const uint32_t (&counter)[4], const uint32_t (&key)[2], int rounds, uint32_t (&words)[4]) {
  const U32 none{};
  const f32::RandomWords lanes = f32::Philox(
      {none + counter[0], none + counter[1], none + counter[2], none + counter[3]}, {key[0], key[1]}, rounds);
  const U32 parts[4] = {lanes.first, lanes.second, lanes.third, lanes.fourth};
  bool is_same = true;
  for (int word = 0; word < 4; ++word) {
    words[word] = parts[word][0];
    for (size_t lane = 0; lane < f32::kLanes; ++lane) is_same &= parts[word][lane] == words[word];
  }
  return is_same;
}

inline double NormalInversePart(double probability) { return f64::NormalInverse(F64{} + probability)[f64::kLanes - 1]; }
