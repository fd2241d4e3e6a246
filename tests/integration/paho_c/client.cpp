// Paho C as a puppet; ../puppet.py has the language.
//
// Threads: commands are taken on the main thread; answers and messages come on Paho's. Output has a
// lock.
#include <MQTTAsync.h>

#include <nlohmann/json.hpp>

#include <charconv>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using nlohmann::json;

void say(int client, json what) {
    static std::mutex mutex;
    what["client"] = client;
    const std::lock_guard lock(mutex);
    std::cout << what.dump() << std::endl;
}

std::string from_hex(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t at = 0; at + 2 <= text.size(); at += 2) {
        unsigned value = 0;
        std::from_chars(text.data() + at, text.data() + at + 2, value, 16);
        bytes.push_back(static_cast<char>(value));
    }
    return bytes;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char each : bytes) {
        const auto value = static_cast<unsigned char>(each);
        text.push_back(kDigits[value >> 4]);
        text.push_back(kDigits[value & 15]);
    }
    return text;
}

void expect_success(const char* what, int code) {
    if (code != MQTTASYNC_SUCCESS) {
        throw std::runtime_error(std::string(what) + " returned " + std::to_string(code));
    }
}

int version_of(const json& command) {
    const std::string version = command["version"];
    return version == "5"       ? MQTTVERSION_5
           : version == "3.1.1" ? MQTTVERSION_3_1_1
                                : MQTTVERSION_3_1;
}

std::string uri_of(const json& command) {
    const std::string transport = command["transport"];
    const std::string place =
        command["host"].get<std::string>() + ":" + std::to_string(command["port"].get<int>());
    if (transport == "ws" || transport == "wss") {
        return transport + "://" + place + "/mqtt";
    }
    return (transport == "tls" ? "ssl://" : "tcp://") + place;
}

class Client {
  public:
    explicit Client(const json& command)
        : number_(command["client"]), is_five_(version_of(command) == MQTTVERSION_5) {
        const std::string uri = uri_of(command);
        const std::string id = command["id"];
        MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
        if (is_five_) {
            options = MQTTAsync_createOptions_initializer5;
        }
        options.MQTTVersion = version_of(command);
        expect_success("create",
                       MQTTAsync_createWithOptions(&handle_, uri.c_str(), id.c_str(),
                                                   MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options));
        expect_success("setCallbacks",
                       MQTTAsync_setCallbacks(handle_, this, nullptr, on_message, nullptr));
        connect(command);
    }

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    ~Client() { MQTTAsync_destroy(&handle_); }

    void subscribe(const json& command) {
        MQTTAsync_responseOptions answers = MQTTAsync_responseOptions_initializer;
        set_answers(answers);
        answers.onSuccess = [](void* self, MQTTAsync_successData* response) {
            as_client(self).answer({{"subscribed", response->alt.qos}});
        };
        answers.onSuccess5 = [](void* self, MQTTAsync_successData5* response) {
            as_client(self).answer({{"subscribed", static_cast<int>(response->reasonCode)}});
        };
        keep_one(answers);
        const std::string filter = command["filter"];
        expect_success("subscribe",
                       MQTTAsync_subscribe(handle_, filter.c_str(), command["qos"], &answers));
    }

    void publish(const json& command) {
        MQTTAsync_responseOptions answers = MQTTAsync_responseOptions_initializer;
        set_answers(answers);
        answers.onSuccess = [](void* self, MQTTAsync_successData*) {
            as_client(self).answer({{"published", true}});
        };
        answers.onSuccess5 = [](void* self, MQTTAsync_successData5*) {
            as_client(self).answer({{"published", true}});
        };
        keep_one(answers);
        const std::string topic = command["topic"];
        std::string payload = from_hex(command["payload"].get<std::string>());
        MQTTAsync_message message = MQTTAsync_message_initializer;
        message.payload = payload.data();
        message.payloadlen = static_cast<int>(payload.size());
        message.qos = command["qos"];
        message.retained = command["retain"].get<bool>() ? 1 : 0;
        expect_success("publish",
                       MQTTAsync_sendMessage(handle_, topic.c_str(), &message, &answers));
    }

    void disconnect() {
        MQTTAsync_disconnectOptions answers = MQTTAsync_disconnectOptions_initializer;
        if (is_five_) {
            answers = MQTTAsync_disconnectOptions_initializer5;
        }
        set_answers(answers);
        answers.onSuccess = [](void* self, MQTTAsync_successData*) {
            as_client(self).answer({{"disconnected", true}});
        };
        answers.onSuccess5 = [](void* self, MQTTAsync_successData5*) {
            as_client(self).answer({{"disconnected", true}});
        };
        keep_one(answers);
        expect_success("disconnect", MQTTAsync_disconnect(handle_, &answers));
    }

  private:
    void connect(const json& command) {
        MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
        if (is_five_) {
            options = MQTTAsync_connectOptions_initializer5;
        }
        options.MQTTVersion = version_of(command);
        (is_five_ ? options.cleanstart : options.cleansession) =
            command["clean"].get<bool>() ? 1 : 0;
        const std::string user_name = command["id"];
        const std::string password = command["password"].is_string() ? command["password"] : "";
        if (!password.empty()) {
            options.username = user_name.c_str();
            options.password = password.c_str();
        }
        const std::string ca_file = command["ca"];
        MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
        tls.trustStore = ca_file.c_str();
        tls.verify = 1;
        options.ssl = &tls;
        MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
        std::string will_topic;
        std::string will_payload;
        if (const json& asked = command["will"]; !asked.is_null()) {
            will_topic = asked["topic"];
            will_payload = from_hex(asked["payload"].get<std::string>());
            will.topicName = will_topic.c_str();
            will.payload = {static_cast<int>(will_payload.size()), will_payload.data()};
            will.qos = asked["qos"];
            will.retained = asked["retain"].get<bool>() ? 1 : 0;
            options.will = &will;
        }
        MQTTProperty expiry{};
        expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
        expiry.value.integer4 = command["expiry_s"];
        MQTTProperties properties = MQTTProperties_initializer;
        MQTTProperties_add(&properties, &expiry);
        options.connectProperties = is_five_ ? &properties : nullptr;
        set_connect_answers(options);
        const int code = MQTTAsync_connect(handle_, &options);
        MQTTProperties_free(&properties);
        expect_success("connect", code);
    }

    void set_connect_answers(MQTTAsync_connectOptions& options) {
        options.context = this;
        options.onSuccess = [](void* self, MQTTAsync_successData* response) {
            as_client(self).answer_connected(response->alt.connect.sessionPresent);
        };
        options.onSuccess5 = [](void* self, MQTTAsync_successData5* response) {
            as_client(self).answer_connected(response->alt.connect.sessionPresent);
        };
        options.onFailure = [](void* self, MQTTAsync_failureData* response) {
            as_client(self).answer({{"refused", response->code}});
        };
        options.onFailure5 = [](void* self, MQTTAsync_failureData5* response) {
            as_client(self).answer({{"refused", response->code}});
        };
        keep_one(options);
    }

    void answer_connected(int session_present) const {
        answer({{"connected", true}, {"session_present", session_present != 0}});
    }

    /// Who is asked, and what is said if it fails.
    template <typename Options>
    void set_answers(Options& options) {
        options.context = this;
        options.onFailure = [](void* self, MQTTAsync_failureData* response) {
            as_client(self).answer({{"error", "code " + std::to_string(response->code)}});
        };
        options.onFailure5 = [](void* self, MQTTAsync_failureData5* response) {
            as_client(self).answer({{"error", "code " + std::to_string(response->code)}});
        };
    }

    /// Paho refuses callbacks of the other version.
    template <typename Options>
    void keep_one(Options& options) const {
        if (is_five_) {
            options.onSuccess = nullptr;
            options.onFailure = nullptr;
        } else {
            options.onSuccess5 = nullptr;
            options.onFailure5 = nullptr;
        }
    }

    static const Client& as_client(void* self) { return *static_cast<Client*>(self); }

    void answer(json what) const { say(number_, std::move(what)); }

    static int on_message(void* self, char* topic, int topic_bytes, MQTTAsync_message* message) {
        const std::string name = topic_bytes > 0
                                     ? std::string(topic, static_cast<std::size_t>(topic_bytes))
                                     : std::string(topic);
        const std::string_view payload(static_cast<const char*>(message->payload),
                                       static_cast<std::size_t>(message->payloadlen));
        as_client(self).answer({{"message",
                                 {{"topic", name},
                                  {"payload", to_hex(payload)},
                                  {"qos", message->qos},
                                  {"retain", message->retained != 0}}}});
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        return 1;  // taken
    }

    int number_;
    bool is_five_;
    MQTTAsync handle_ = nullptr;
};

void obey(const json& command, std::map<int, std::unique_ptr<Client>>& clients) {
    const std::string what = command["do"];
    const int number = command["client"];
    if (what == "connect") {
        clients[number] = std::make_unique<Client>(command);
    } else if (what == "subscribe") {
        clients.at(number)->subscribe(command);
    } else if (what == "publish") {
        clients.at(number)->publish(command);
    } else {
        clients.at(number)->disconnect();
    }
}

}  // namespace

int main() {
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 1;
    MQTTAsync_global_init(&options);
    std::map<int, std::unique_ptr<Client>> clients;
    for (std::string line; std::getline(std::cin, line);) {
        const json command = json::parse(line);
        try {
            obey(command, clients);
        } catch (const std::exception& error) {  // for the test to judge
            say(command["client"], {{"error", error.what()}});
        }
    }
}
