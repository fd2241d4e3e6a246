// The answers: one function for each route, in route_table.cpp's words.
//
// A handler gets a call that passed the gate and answers it once, now or when the backend has
// answered. Threads: shard-local.
#pragma once

#include <string>

#include "access/sign_in.h"
#include "api/call.h"
#include "api/detail/api_state.h"

namespace kith::api {

class Handlers {
  public:
    /// `state` outlives the handlers.
    explicit Handlers(ApiState& state) : state_(&state) {}

    // handlers_node.cpp
    void get_health(const Call& call, const Respond& respond);
    void get_readiness(const Call& call, const Respond& respond);
    void get_metrics(const Call& call, const Respond& respond);
    void get_certificate(const Call& call, const Respond& respond);
    void get_openapi(const Call& call, const Respond& respond);
    void get_node(const Call& call, const Respond& respond);
    void get_stats(const Call& call, const Respond& respond);
    void get_usage(const Call& call, const Respond& respond);
    void get_events(const Call& call, const Respond& respond);
    void open_live(const Call& call, const Respond& respond);
    void open_mqtt(const Call& call, const Respond& respond);
    // handlers_session.cpp
    void get_claim(const Call& call, const Respond& respond);
    void post_claim(const Call& call, const Respond& respond);
    void get_session(const Call& call, const Respond& respond);
    void post_session(const Call& call, const Respond& respond);
    void delete_session(const Call& call, const Respond& respond);
    // handlers_tokens.cpp
    void get_tokens(const Call& call, const Respond& respond);
    void post_token(const Call& call, const Respond& respond);
    void delete_token(const Call& call, const Respond& respond);
    // handlers_accounts.cpp
    void get_users(const Call& call, const Respond& respond);
    void post_user(const Call& call, const Respond& respond);
    void patch_user(const Call& call, const Respond& respond);
    void delete_user(const Call& call, const Respond& respond);
    void get_credentials(const Call& call, const Respond& respond);
    void post_credential(const Call& call, const Respond& respond);
    void get_credential(const Call& call, const Respond& respond);
    void patch_credential(const Call& call, const Respond& respond);
    void delete_credential(const Call& call, const Respond& respond);
    void get_claim_codes(const Call& call, const Respond& respond);
    void post_claim_code(const Call& call, const Respond& respond);
    void delete_claim_code(const Call& call, const Respond& respond);
    void post_provision(const Call& call, const Respond& respond);
    // handlers_machines.cpp
    void get_machines(const Call& call, const Respond& respond);
    void get_machine(const Call& call, const Respond& respond);
    void get_machine_messages(const Call& call, const Respond& respond);
    void post_disconnect(const Call& call, const Respond& respond);
    void delete_machine(const Call& call, const Respond& respond);
    void get_connect_watch(const Call& call, const Respond& respond);
    // handlers_topics.cpp
    void get_topics(const Call& call, const Respond& respond);
    void delete_topic(const Call& call, const Respond& respond);
    void post_publish(const Call& call, const Respond& respond);
    // handlers_limits.cpp
    void get_limits(const Call& call, const Respond& respond);
    // handlers_backup.cpp
    void get_backup(const Call& call, const Respond& respond);
    void post_backup(const Call& call, const Respond& respond);
    void get_backup_file(const Call& call, const Respond& respond);
    // handlers_roles.cpp
    void get_roles(const Call& call, const Respond& respond);
    void get_role(const Call& call, const Respond& respond);
    void put_role(const Call& call, const Respond& respond);
    void delete_role(const Call& call, const Respond& respond);
    void post_acl_test(const Call& call, const Respond& respond);
    // handlers_audit.cpp
    void get_audit(const Call& call, const Respond& respond);
    // handlers_certificates.cpp
    void get_certificates(const Call& call, const Respond& respond);
    void post_certificate(const Call& call, const Respond& respond);
    void delete_certificate(const Call& call, const Respond& respond);
    // handlers_security.cpp
    void get_security(const Call& call, const Respond& respond);
    // handlers_observe.cpp
    void get_traces(const Call& call, const Respond& respond);
    void post_trace(const Call& call, const Respond& respond);
    void get_trace(const Call& call, const Respond& respond);
    void delete_trace(const Call& call, const Respond& respond);
    void get_slow_clients(const Call& call, const Respond& respond);
    void get_logged_clients(const Call& call, const Respond& respond);
    void get_logged_client(const Call& call, const Respond& respond);
    void put_logged_client(const Call& call, const Respond& respond);
    void delete_logged_client(const Call& call, const Respond& respond);
    // handlers_mesh.cpp
    void get_mesh(const Call& call, const Respond& respond);
    void get_mesh_nodes(const Call& call, const Respond& respond);
    void get_mesh_links(const Call& call, const Respond& respond);
    void get_mesh_routes(const Call& call, const Respond& respond);
    void get_mesh_trace(const Call& call, const Respond& respond);
    void get_mesh_directory(const Call& call, const Respond& respond);
    // handlers_mesh_forward.cpp
    void open_mesh_forward(const Call& call, const Respond& respond);
    // handlers_mesh_office.cpp
    void post_mesh(const Call& call, const Respond& respond);
    void get_mesh_invites(const Call& call, const Respond& respond);
    void post_mesh_invite(const Call& call, const Respond& respond);
    void delete_mesh_node(const Call& call, const Respond& respond);
    // handlers_storage.cpp
    void get_storage(const Call& call, const Respond& respond);

  private:
    void list_level(const Call& call, const Respond& respond);
    void search_topics(const Call& call, const Respond& respond);
    void show_topic(const Call& call, const Respond& respond);
    [[nodiscard]] Reply signed_in(const access::SignInResult& result, Scheme scheme,
                                  std::uint16_t status) const;

    ApiState* state_;
};

}  // namespace kith::api
