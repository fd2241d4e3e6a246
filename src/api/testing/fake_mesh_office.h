// A mesh into which a test lets nodes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/mesh_office.h"

namespace kith::api {

class FakeMeshOffice final : public MeshOffice {
  public:
    MeshRegister kept;
    NewMeshInvite made;
    std::optional<MeshRefusal> refusal;  // the answer to everything

    std::vector<MeshInviteTerms> asked_for;
    std::vector<std::string> revoked;
    std::vector<std::string> founded;                         // names
    std::vector<std::pair<std::string, std::string>> joined;  // tokens and names

    void found(const std::string& name, std::function<void(OrMeshRefusal<void>)> done) override {
        founded.push_back(name);
        done(answer());
    }
    void join(const std::string& token, const std::string& name,
              std::function<void(OrMeshRefusal<void>)> done) override {
        joined.emplace_back(token, name);
        done(answer());
    }
    void look_up(std::function<void(OrMeshRefusal<MeshRegister>)> done) override {
        done(answer(kept));
    }
    void invite(const MeshInviteTerms& terms,
                std::function<void(OrMeshRefusal<NewMeshInvite>)> done) override {
        asked_for.push_back(terms);
        done(answer(made));
    }
    void revoke(const std::string& node, std::function<void(OrMeshRefusal<void>)> done) override {
        revoked.push_back(node);
        done(answer());
    }

  private:
    [[nodiscard]] OrMeshRefusal<void> answer() const {
        if (refusal) {
            return tl::unexpected(*refusal);
        }
        return {};
    }
    template <typename T>
    [[nodiscard]] OrMeshRefusal<T> answer(const T& value) const {
        if (refusal) {
            return tl::unexpected(*refusal);
        }
        return value;
    }
};

}  // namespace kith::api
