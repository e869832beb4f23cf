// Random numbers of simulations: Philox4x32 (Salmon et al., 2011) and the Box-Muller transform.

// The counter and the words that come of it, least significant first.
typedef struct {
  whole first, second, third, fourth;
} RandomWords;

typedef struct {
  uint32_t first, second;
} RandomKey;

typedef struct {
  wide first, second, third, fourth;
} RandomState;

FUNCTION RandomState RandomRound(RandomState state, RandomKey key) {
  const wide product1 = Product(state.first, 0xd2511f53);
  const wide product2 = Product(state.third, 0xcd9e8d57);
  RandomState next;
  next.first = Mixed(UpperHalf(product2), state.second, key.first);
  next.second = product2;
  next.third = Mixed(UpperHalf(product1), state.fourth, key.second);
  next.fourth = product1;
  return next;
}

FUNCTION RandomWords Philox(RandomWords counter, RandomKey key, int rounds) {
  RandomState state;
  state.first = WideOf(counter.first);
  state.second = WideOf(counter.second);
  state.third = WideOf(counter.third);
  state.fourth = WideOf(counter.fourth);
  for (int round = 0; round < rounds; ++round) {
    state = RandomRound(state, key);
    key.first += 0x9e3779b9;
    key.second += 0xbb67ae85;
  }
  RandomWords words;
  words.first = Narrow(state.first);
  words.second = Narrow(state.second);
  words.third = Narrow(state.third);
  words.fourth = Narrow(state.fourth);
  return words;
}

// -2 ln u for u = (the upper 31 bits of the word, the last of them set) / 2^31: an error of 2e-7.
FUNCTION real MinusTwoLog(whole word) {
  const real number = NumberOf(ShiftRight(word, 1) | WHOLE(1));
  // number = (1 + m) * 2^e with |m| <= 1 / 3.
  const whole exponent = (BitsOf(number) - WHOLE(0x3f2aaaab)) & WHOLE(0xff800000);
  const real e = Fma(NumberOf(exponent), REAL(1.1920928955078125e-7), REAL(-31.0));
  const real m = RealOf(BitsOf(number) - exponent) - REAL(1.0);
  real p = REAL(0.14026251435279846);
  p = Fma(p, m, REAL(-0.1538855880498886));
  p = Fma(p, m, REAL(0.13995827734470367));
  p = Fma(p, m, REAL(-0.16415956616401672));
  p = Fma(p, m, REAL(0.20011167228221893));
  p = Fma(p, m, REAL(-0.2500782012939453));
  p = Fma(p, m, REAL(0.33333197236061096));
  p = Fma(p, m, REAL(-0.49999937415122986));
  return Fma(e, REAL(0.693147182464599609), Fma(p, m * m, m)) * REAL(-2.0);
}

// Two independent standard normals of two words. The first gives their radius, of at most 6.56; of the second the lower
// 31 bits, as a signed number of the circle's half, give the sine's angle, and the upper bit the sign of the cosine.
FUNCTION RealPair Normals(whole radius_word, whole angle_word) {
  const real radius = Sqrt(MinusTwoLog(radius_word));
  const real angle = NumberOf(angle_word << 1) * REAL(7.3145904e-10);
  const real square = angle * angle;
  real sine = REAL(2.6057809918711428e-06);
  sine = Fma(sine, square, REAL(-0.00019809603691101074));
  sine = Fma(sine, square, REAL(0.00833306647837162));
  sine = Fma(sine, square, REAL(-0.16666659712791443));
  sine = Fma(sine * square, angle, angle);
  real cosine = REAL(-2.607710882784886e-07);
  cosine = Fma(cosine, square, REAL(2.4761886379565112e-05));
  cosine = Fma(cosine, square, REAL(-0.00138884037733078));
  cosine = Fma(cosine, square, REAL(0.04166664183139801));
  cosine = Fma(cosine, square, REAL(-0.5));
  cosine = Fma(cosine, square, REAL(1.0));
  RealPair normals;
  normals.first = radius * sine;
  normals.second = RealOf(BitsOf(radius * cosine) ^ (angle_word & WHOLE(0x80000000)));
  return normals;
}

typedef struct {
  real first, second, third, fourth;
} FourNormals;

// The normals 4 draw to 4 draw + 3 of a sample: of the words 1 and 2, then of 3 and 4.
FUNCTION FourNormals NormalsOf(RandomWords counter, RandomKey key) {
  const RandomWords words = Philox(counter, key, 10);
  const RealPair left = Normals(words.first, words.second);
  const RealPair right = Normals(words.third, words.fourth);
  FourNormals normals;
  normals.first = left.first;
  normals.second = left.second;
  normals.third = right.first;
  normals.fourth = right.second;
  return normals;
}
