// Reads test/reference/options-european.json, which has one row a line, without a JSON library.
#pragma once
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "option_chain.h"

namespace acceld {

struct ExpectedValue {
  bool listed;   // The row has this value.
  bool defined;  // False: it does not exist there.
  double value, tolerance;
};

struct OptionReference {
  std::string id;
  ExpectedValue outputs[kOptionOutputs];
};

struct OptionReferences {
  OptionChain chain;
  std::vector<OptionReference> rows;
};

constexpr const char* kOptionOutputNames[kOptionOutputs] = {"price", "delta",  "gamma", "vega", "theta",
                                                            "rho",   "rhoDiv", "vanna", "volga"};

// The text after `"name":`, empty where there is none.
inline std::string After(const std::string& text, const std::string& name) {
  const size_t at = text.find("\"" + name + "\":");
  return at == std::string::npos ? "" : text.substr(at + name.size() + 3);
}

inline double NumberAfter(const std::string& text, const std::string& name) {
  return std::strtod(After(text, name).c_str(), nullptr);
}

inline OptionReference ParseReference(const std::string& line) {
  OptionReference reference;
  const std::string id = After(line, "id");
  reference.id = id.substr(1, id.find('"', 1) - 1);
  const std::string expected = After(line, "expected").substr(0, After(line, "expected").find('}'));
  for (size_t i = 0; i < kOptionOutputs; ++i) {
    const std::string text = After(expected, kOptionOutputNames[i]);
    reference.outputs[i] = {!text.empty(), text.rfind("null", 0) != 0, NumberAfter(expected, kOptionOutputNames[i]),
                            NumberAfter(After(line, "tolAbs"), kOptionOutputNames[i])};
  }
  return reference;
}

inline OptionReferences ReadOptionReferences(const std::string& path) {
  std::ifstream file(path);
  OptionReferences references;
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"id\":") == std::string::npos) continue;
    references.rows.push_back(ParseReference(line));
    const unsigned char type = After(line, "type").rfind("\"call\"", 0) == 0 ? 1 : 2;
    references.chain.Add(type, {NumberAfter(line, "spot"), NumberAfter(line, "strike"), NumberAfter(line, "rate"),
                                NumberAfter(line, "divYield"), NumberAfter(line, "vol"), NumberAfter(line, "tYears")});
  }
  if (references.rows.size() < 500) throw std::runtime_error(path + ": the rows are missing");
  return references;
}

}  // namespace acceld
