// kith mesh: found a mesh, invite nodes to it, join one, revoke a node, see what this one is.
#include "cli/ask_node.h"
#include "cli/commands.h"
#include "cli/control_command.h"
#include "cli/mesh_commands.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace kith::cli {
namespace {

/// A command that asks a running node.
struct QuestionCommand {
    const char* name;
    const char* help;
    const char* footer;
    int (*run)(const MeshQuestion& question);
};

void add_question(CLI::App& group, int& exit_code, const QuestionCommand& what) {
    struct Options {
        AskOptions node;
        bool as_json = false;
    };
    CLI::App& command = add_command(group, what.name, what.help);
    // shared_ptr: the command line keeps what it was given.
    auto options = std::make_shared<Options>();
    add_ask_options(command, options->node, "operator");
    command.add_flag("--json", options->as_json, "One JSON object");
    command.footer(what.footer);
    on_command(command, exit_code, [options, run = what.run] {
        return run({.http = options->node.http,
                    .token = options->node.token,
                    .as_json = options->as_json});
    });
}

void add_mesh_trace(CLI::App& group, int& exit_code) {
    CLI::App& command = add_command(group, "trace", "The way of a message to a node, hop by hop");
    // shared_ptr: the command line keeps what it was given.
    auto question = std::make_shared<MeshQuestion>();
    auto node = std::make_shared<AskOptions>();
    command.add_option("node", question->node, "Where to: its id or its name")->required();
    command.add_option("--from", question->from, "Where from; without, the node that is asked");
    add_ask_options(command, *node, "operator");
    command.add_flag("--json", question->as_json, "One JSON object");
    command.footer(
        "Computed from link state: nothing is sent. Times are of the asked node's own links.\n"
        "Example: kith mesh trace pump-house --token $TOKEN");
    on_command(command, exit_code, [question, node] {
        question->http = node->http;
        question->token = node->token;
        return mesh_trace(*question);
    });
}

void add_mesh_find(CLI::App& group, int& exit_code) {
    CLI::App& command = add_command(group, "find", "Machines of all nodes, by what they are");
    auto question = std::make_shared<MeshQuestion>();
    auto node = std::make_shared<AskOptions>();
    command.add_option("--type", question->type, "Machines of this type alone");
    command.add_option("--capability", question->capability, "Machines that can do this");
    add_ask_options(command, *node, "viewer");
    command.add_flag("--json", question->as_json, "One JSON object");
    command.footer(
        "Machines that say what they are on $mesh/dir/<machine>. Exit 1 if there is none.\n"
        "Example: kith mesh find --type coffee-maker --capability brew --token $TOKEN");
    on_command(command, exit_code, [question, node] {
        question->http = node->http;
        question->token = node->token;
        return mesh_find(*question);
    });
}

void add_mesh_forward(CLI::App& group, int& exit_code) {
    CLI::App& command =
        add_command(group, "forward", "A port here that is a service which another node reaches");
    auto options = std::make_shared<MeshForwardOptions>();
    auto node = std::make_shared<AskOptions>();
    command.add_option("port", options->port, "Port to listen on; 0 takes any, and prints it")
        ->required();
    command
        .add_option("to", options->to,
                    "NODE:HOST:PORT: a node, by id or name, and a service as that node reaches it")
        ->required();
    command.add_option("--bind", options->bind, "Address to listen on")->capture_default_str();
    add_ask_options(command, *node, "admin");
    command.footer(
        "Each connection goes through the mesh, encrypted from this node to that one, if that\n"
        "one's mesh.forward_allow has the service. Runs until Ctrl-C.\n"
        "Example: kith mesh forward 2222 pump-house:localhost:22 --token $TOKEN\n"
        "         ssh -p 2222 operator@localhost");
    on_command(command, exit_code, [options, node] {
        options->http = node->http;
        options->token = node->token;
        return mesh_forward(*options);
    });
}

void add_mesh_top(CLI::App& group, int& exit_code) {
    CLI::App& command = add_command(group, "top", "The links of a running node, again and again");
    auto question = std::make_shared<MeshQuestion>();
    auto node = std::make_shared<AskOptions>();
    add_ask_options(command, *node, "operator");
    command.add_option("--every", question->every_s, "Seconds between two looks")
        ->check(CLI::Range(1, 60))
        ->capture_default_str();
    command.add_flag("--once", question->once, "One table, as without a terminal");
    command.add_flag("--json", question->as_json, "One JSON object, once");
    command.footer("Example: kith mesh top --token $TOKEN");
    on_command(command, exit_code, [question, node] {
        question->http = node->http;
        question->token = node->token;
        return mesh_top(*question);
    });
}

void add_invite_and_pair(ControlCommands<MeshOptions>& commands) {
    MeshOptions& options = commands.options();
    CLI::App* invite = commands.add_plain(
        "invite", "Print a token by which a node joins; the first founds the mesh", mesh_invite);
    invite->add_option("--uses", options.uses, "How many nodes may join with it")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    invite->add_option("--expires", options.expires, "How long it is good: 90s, 15m, 2h, 7d")
        ->capture_default_str();
    invite->add_option("--role", options.role, "A router forwards for others, a leaf never does")
        ->check(CLI::IsMember({"router", "leaf"}))
        ->capture_default_str();
    invite->add_option("--address", options.addresses,
                       "HOST:PORT where this node is reached, repeatable; without, those of its "
                       "interfaces with port 7883");
    invite->add_option("--name", options.name,
                       "What this node is called in the mesh that it founds; the host's name");
    invite->add_flag("--qr", options.with_qr, "A QR code, too, even if nobody looks on");
    invite->footer("Example: kith mesh invite --data data --expires 1h --role leaf");

    invite->add_flag("--serve", options.serves,
                     "Answer those who join, until the token is used up: where no node runs");

    CLI::App* pair =
        commands.add_plain("pair", "Let in a machine on this network that shows a code", mesh_pair);
    pair->add_option("code", options.code, "As the machine shows it: KX7M2-P9QRT")->required();
    pair->add_option("--wait", options.wait_s, "Seconds until it is given up")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    pair->add_option("--address", options.addresses,
                     "HOST:PORT where this computer is reached, repeatable; without, its own");
    pair->add_option("--name", options.name,
                     "What this node is called in the mesh that it founds; the host's name");
    pair->footer(
        "Answers the machine itself if no node or machine runs on this data.\n"
        "Example: kith mesh pair KX7M2-P9QRT --data data");
}

}  // namespace

void add_mesh(CLI::App& app, int& exit_code) {
    CLI::App* group =
        app.add_subcommand("mesh", "Nodes that belong together: invite, join, revoke");
    group->require_subcommand(1);
    group->footer("Example: kith mesh invite --data data");
    ControlCommands<MeshOptions> commands(*group, exit_code);
    MeshOptions& options = commands.options();

    add_invite_and_pair(commands);

    CLI::App* join = commands.add_plain(
        "join", "Keep a token: the node joins by it, now or when it next runs", mesh_join);
    join->add_option("token", options.token,
                     "As kith mesh invite printed it; '-' reads it from stdin")
        ->required();
    join->add_option("--name", options.name,
                     "What the node is called in the mesh; the host's name");
    join->footer("Example: kith mesh join kith1.AQAAA... --data data --name cellar");

    CLI::App* revoke =
        commands.add_plain("revoke", "Say that a node does not belong any more", mesh_revoke);
    revoke->add_option("node", options.node, "Its id, or the name with which it joined")
        ->required();
    revoke->footer("Example: kith mesh revoke 3f0c9a1be2d47785 --data data");

    CLI::App* delegate = commands.add_plain(
        "delegate", "Let a second node let others in and revoke, too", mesh_delegate);
    delegate->add_option("--name", options.name,
                         "What the second issuer is called; the host's name");
    delegate->add_option("--to", options.file, "The file to write, for its user alone; stdout");
    delegate->add_option("--take", options.taken,
                         "On the second node: the file that the first one made; '-' is stdin");
    delegate->footer(
        "Secret: whoever has it lets nodes in. Made where the mesh was founded, taken by a "
        "member.\n"
        "Example: kith mesh delegate --data data | ssh gw-2 kith mesh delegate --data data --take "
        "-");

    CLI::App* status = commands.add_plain(
        "status", "What this node is to a mesh: from its files, or with --http from itself",
        [](const MeshOptions& given) {
            return given.http.empty() ? mesh_status(given)
                                      : mesh_running_status({.http = given.http,
                                                             .token = given.http_token,
                                                             .as_json = given.as_json});
        });
    status->add_option("--http", options.http, "HOST:PORT of the running node's HTTP listener");
    status
        ->add_option("--token", options.http_token,
                     "An API token, of the role operator at least [$KITH_TOKEN]")
        ->envname("KITH_TOKEN");
    status->footer("Example: kith mesh status --http 127.0.0.1:8080 --token $TOKEN --json");

    add_question(*group, exit_code,
                 {.name = "peers",
                  .help = "Whom a running node dials, and its links",
                  .footer = "Example: kith mesh peers --token $TOKEN",
                  .run = mesh_peers});
    add_question(*group, exit_code,
                 {.name = "routes",
                  .help = "The ways of a running node to others",
                  .footer = "Example: kith mesh routes --token $TOKEN --json",
                  .run = mesh_routes});
    add_mesh_trace(*group, exit_code);
    add_mesh_find(*group, exit_code);
    add_mesh_top(*group, exit_code);
    add_mesh_forward(*group, exit_code);
}

}  // namespace kith::cli
