/* A machine in C, led by a test: kith_machine_c ID --mesh DIR_OR_TOKEN [--directory DIR]
 * [--listen ADDRESS:PORT] [--peer HOST:PORT] [--node HOST:PORT].
 *
 * Takes one command a line and answers each with one: "ok", or "failed KIND: TEXT"; what a call
 * answers is "answer TEXT". Beside that it says "link up", "link down: WHY", "code CODE" and
 * "message TOPIC: PAYLOAD" whenever that is so. */
#include <kith/machine_c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 65536, PEERS_MAX = 8 };

static void on_link(void* context, int is_connected, const char* reason) {
    (void)context;
    if (is_connected) {
        printf("link up\n");
    } else {
        printf("link down: %s\n", reason);
    }
    fflush(stdout);
}

static void on_code(void* context, const char* code) {
    (void)context;
    printf("code %s\n", code);
    fflush(stdout);
}

static void on_message(void* context, const kith_message* message) {
    (void)context;
    printf("message %s: %.*s\n", message->topic, (int)message->payload.size,
           (const char*)message->payload.data);
    fflush(stdout);
}

/* Answers with what it was asked, and refuses what begins with "no". */
static void on_request(void* context, const kith_request* request, kith_reply* reply) {
    (void)context;
    if (request->payload.size >= 2 && memcmp(request->payload.data, "no", 2) == 0) {
        kith_reply_fail(reply, "it does not do that");
    } else {
        kith_reply_answer(reply, request->payload);
    }
}

static void on_done(void* context, kith_failure failure, const char* text) {
    printf("%s %s%s\n", (const char*)context, kith_failure_name(failure), text);
    fflush(stdout);
}

static void print_outcome(kith_failure failure) {
    if (failure == KITH_OK) {
        printf("ok\n");
    } else {
        printf("failed %s: %s\n", kith_failure_name(failure), kith_last_error());
    }
}

/* The next word of the line; the last one takes the rest. */
static char* next(char** rest, int is_last) {
    char* word = *rest;
    char* end = is_last ? NULL : strchr(word, ' ');
    if (end == NULL) {
        *rest = word + strlen(word);
    } else {
        *end = '\0';
        *rest = end + 1;
    }
    return word;
}

static void call(kith_machine* machine, char* rest) {
    const char* other = next(&rest, 0);
    const char* method = next(&rest, 0);
    const kith_call what = {.machine = other, .method = method, .payload = kith_text(rest)};
    kith_answer* answer = NULL;
    const kith_failure failure = kith_machine_call(machine, &what, &answer);
    if (failure != KITH_OK) {
        print_outcome(failure);
        return;
    }
    const kith_bytes payload = kith_answer_payload(answer);
    printf("answer %.*s\n", (int)payload.size, (const char*)payload.data);
    kith_answer_free(answer);
}

static void obey(kith_machine* machine, char* rest) {
    const char* command = next(&rest, 0);
    if (strcmp(command, "wait") == 0) {
        print_outcome(kith_machine_wait_connected(machine, 30000));
    } else if (strcmp(command, "subscribe") == 0) {
        const kith_subscription subscription = {.filter = rest, .handler = on_message};
        print_outcome(kith_machine_subscribe(machine, &subscription));
    } else if (strcmp(command, "unsubscribe") == 0) {
        print_outcome(kith_machine_unsubscribe(machine, rest));
    } else if (strcmp(command, "publish") == 0) {
        const char* topic = next(&rest, 0);
        const kith_publication message = {.topic = topic, .payload = kith_text(rest)};
        print_outcome(kith_machine_publish(machine, &message));
    } else if (strcmp(command, "say") == 0) { /* at most once, without waiting */
        const char* topic = next(&rest, 0);
        const kith_publication message = {
            .topic = topic, .payload = kith_text(rest), .delivery = KITH_AT_MOST_ONCE};
        kith_machine_publish_then(machine, &message, on_done, "said");
    } else if (strcmp(command, "serve") == 0) {
        print_outcome(kith_machine_serve(machine, rest, on_request, NULL));
    } else if (strcmp(command, "call") == 0) {
        call(machine, rest);
    } else {
        printf("failed invalid: no such command\n");
    }
    fflush(stdout);
}

int main(int argc, char** argv) {
    const char* peers[PEERS_MAX + 1] = {NULL};
    int peer_count = 0;
    kith_options options;
    kith_options_init(&options);
    options.on_link = on_link;
    options.on_pairing_code = on_code;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--mesh") == 0) {
            options.mesh = argv[i + 1];
        } else if (strcmp(argv[i], "--directory") == 0) {
            options.mesh_directory = argv[i + 1];
        } else if (strcmp(argv[i], "--listen") == 0) {
            options.mesh_listen = argv[i + 1];
        } else if (strcmp(argv[i], "--node") == 0) {
            options.node = argv[i + 1];
        } else if (strcmp(argv[i], "--peer") == 0 && peer_count < PEERS_MAX) {
            peers[peer_count++] = argv[i + 1];
        }
    }
    options.mesh_peers = peers;
    kith_machine* machine = kith_machine_create(argc > 1 ? argv[1] : "", &options);
    static char line[LINE_BYTES_MAX];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(machine, line);
    }
    kith_machine_destroy(machine);
    return 0;
}
