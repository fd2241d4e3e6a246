/* A machine among others, for programs in C: what <kith/machine.h> is in C++.
 *
 *     kith_options options;
 *     kith_options_init(&options);
 *     options.mesh = "/var/lib/alarm-clock";
 *     kith_machine* clock = kith_machine_create("alarm-clock", &options);
 *     const kith_publication ringing = {.topic = "alarm-clock/state",
 *                                       .payload = kith_text("ringing")};
 *     if (kith_machine_publish(clock, &ringing) != KITH_OK) {
 *         fprintf(stderr, "%s\n", kith_last_error());
 *     }
 *     kith_machine_destroy(clock);
 *
 * Every function that can fail returns a kith_failure; kith_last_error() has its text, for people,
 * until the next failure on the same thread. Texts are UTF-8 that ends with a zero, and NULL is an
 * empty one. What a function or a handler is given is borrowed for the call.
 *
 * Threads: every function may be called from any thread, but kith_machine_close() and
 * kith_machine_destroy(), which belong to the owner. Handlers run one at a time on the machine's
 * own thread: they should return soon, and must not call what waits, which fails with KITH_INVALID
 * there. Needs the C and C++ standard libraries. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum kith_failure {
    KITH_OK = 0,
    KITH_INVALID, /* an argument is wrong: the same call fails again */
    KITH_REFUSED, /* the node or the other machine said no */
    KITH_LIMIT,   /* a limit of this process or of the node is reached: later perhaps */
    KITH_TIMEOUT, /* no answer in time; what was asked may have happened */
    KITH_ABSENT,  /* nobody is there to receive it; nothing has happened */
    KITH_OFFLINE, /* nobody can be reached, or the connection broke */
    KITH_STOPPED  /* the machine was closed before it was done */
} kith_failure;

/* "ok", "invalid", "refused" ... */
const char* kith_failure_name(kith_failure failure);
/* Of the last function that failed on this thread; "" if none has. */
const char* kith_last_error(void);

/* The quality of service; what is not said is at least once. */
typedef enum kith_delivery {
    KITH_AT_LEAST_ONCE = 0,
    KITH_AT_MOST_ONCE,
    KITH_EXACTLY_ONCE
} kith_delivery;

/* Bytes of any kind. */
typedef struct kith_bytes {
    const void* data;
    size_t size;
} kith_bytes;
/* Those of a text, without its zero. */
kith_bytes kith_text(const char* text);

/* As kith::MachineOptions; NULL and 0 are its defaults. */
typedef struct kith_options {
    const char* mesh;              /* directory of a membership, or a join token */
    const char* mesh_directory;    /* with a token: where the membership is kept */
    const char* mesh_listen;       /* ADDRESS:PORT */
    const char* const* mesh_peers; /* HOST:PORT each; NULL ends it */
    const char* node;              /* without a mesh: HOST:PORT of the node */
    const char* token;
    int tls; /* not 0: with TLS */
    const char* ca_file;
    size_t queue_messages_max;
    size_t queue_bytes_max;

    void* context; /* handed to these, which may be NULL */
    void (*on_link)(void* context, int is_connected, const char* reason);
    void (*on_pairing_code)(void* context, const char* code);
} kith_options;

/* All of it NULL and 0. */
void kith_options_init(kith_options* options);

typedef struct kith_machine kith_machine;

/* Starts to connect and returns at once. Never NULL: an id or option that cannot be is told by
 * every operation. */
kith_machine* kith_machine_create(const char* id, const kith_options* options);
/* Sends what waits, for `grace_ms` at most, and ends the machine's thread. Not from a handler. */
void kith_machine_close(kith_machine* machine, int grace_ms);
/* Closes it, with 2 s of grace, if it is not closed; NULL is nothing. */
void kith_machine_destroy(kith_machine* machine);

int kith_machine_is_connected(const kith_machine* machine);
kith_failure kith_machine_wait_connected(kith_machine* machine, int timeout_ms);

typedef struct kith_publication {
    const char* topic;
    kith_bytes payload;
    kith_delivery delivery;
    int retain;               /* not 0: a node keeps it as the topic's last value */
    unsigned expiry_s;        /* 0: never */
    const char* content_type; /* NULL: none */
} kith_publication;

/* Waits until it is acknowledged. */
kith_failure kith_machine_publish(kith_machine* machine, const kith_publication* publication);
/* The same without waiting. `done` may be NULL; `text` is "" with KITH_OK. Called once, on the
 * machine's thread, or from within this call if it is refused. */
void kith_machine_publish_then(kith_machine* machine, const kith_publication* publication,
                               void (*done)(void* context, kith_failure failure, const char* text),
                               void* context);

typedef struct kith_message {
    const char* topic;
    kith_bytes payload;
    kith_delivery delivery;
    int retained;
    const char* content_type; /* "": none */
} kith_message;

typedef struct kith_subscription {
    const char* filter;
    kith_delivery delivery; /* at most */
    void (*handler)(void* context, const kith_message* message);
    void* context;
} kith_subscription;

/* Waits until it is in force. The same filter again replaces the handler. */
kith_failure kith_machine_subscribe(kith_machine* machine, const kith_subscription* subscription);
kith_failure kith_machine_unsubscribe(kith_machine* machine, const char* filter);

typedef struct kith_call {
    const char* machine;
    const char* method;
    kith_bytes payload;
    int timeout_ms; /* 0: 10 s */
} kith_call;

/* The answer of a machine, to be freed. */
typedef struct kith_answer kith_answer;
kith_bytes kith_answer_payload(const kith_answer* answer);
void kith_answer_free(kith_answer* answer);

/* Calls a method of another machine and waits for the answer; `*answer` is set with KITH_OK
 * alone. */
kith_failure kith_machine_call(kith_machine* machine, const kith_call* call, kith_answer** answer);

typedef struct kith_request {
    const char* method;
    kith_bytes payload;
} kith_request;

/* To be answered once, then or later, from any thread: either function takes it. */
typedef struct kith_reply kith_reply;
void kith_reply_answer(kith_reply* reply, kith_bytes payload);
void kith_reply_fail(kith_reply* reply, const char* text);

/* Answers calls of `method` from now on; waits until others know. */
kith_failure kith_machine_serve(kith_machine* machine, const char* method,
                                void (*handler)(void* context, const kith_request* request,
                                                kith_reply* reply),
                                void* context);

#ifdef __cplusplus
}
#endif
