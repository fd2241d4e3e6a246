/* What to run on the machine, in its language. Each snippet is complete: it connects with the
   name and key, and publishes one value. Nothing here quotes by chance: names are checked
   before (target.ts), keys are letters, digits, dashes and underscores. */

import type { Target } from './target';

export type Language = 'shell' | 'kith' | 'python' | 'node' | 'c' | 'cpp' | 'arduino' | 'settings';

export interface SnippetInput {
    name: string;
    key: string;
    topic: string;
    target: Target;
}

export interface Snippet {
    title: string;
    code: string;
    /** How to get what the code needs. */
    needs: string;
}

interface LanguageInfo {
    label: string;
    /** Not every client speaks MQTT over WebSocket. */
    hasWebSocket: boolean;
    make: (input: SnippetInput) => Snippet;
}

export const ca_file = 'kith-ca.pem';
const value = '21.5';

function shell({ name, key, topic, target }: SnippetInput): Snippet {
    const tls = target.isTls ? `  --cafile ${ca_file} \\\n` : '';
    return {
        title: 'Shell, mosquitto_pub',
        needs: 'apt install mosquitto-clients',
        code: `mosquitto_pub -h ${target.host} -p ${target.port} \\
${tls}  -i ${name} -u ${name} -P ${key} \\
  -t ${topic} -m ${value} -q 1`,
    };
}

function kith({ name, key, topic, target }: SnippetInput): Snippet {
    const tls = target.isTls ? ` --tls --ca ${ca_file}` : '';
    return {
        title: 'Shell, kith pub',
        needs: 'the same kith binary that runs this node',
        code: `kith pub -h ${target.host}:${target.port}${tls} \\
  -i ${name} --token ${key} \\
  -t ${topic} -m ${value} -q 1`,
    };
}

function python({ name, key, topic, target }: SnippetInput): Snippet {
    const isWs = target.transport === 'ws';
    const more = isWs ? ', transport="websockets"' : '';
    const path = isWs ? 'c.ws_set_options(path="/mqtt")\n' : '';
    const tls = target.isTls ? `c.tls_set("${ca_file}")\n` : '';
    return {
        title: 'Python, paho-mqtt 2.x or 1.x',
        needs: 'pip install paho-mqtt',
        code: `import paho.mqtt.client as mqtt

try:
    c = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "${name}"${more})  # paho-mqtt 2.x
except AttributeError:
    c = mqtt.Client("${name}"${more})  # paho-mqtt 1.x
c.username_pw_set("${name}", "${key}")
${path}${tls}c.connect("${target.host}", ${target.port})
c.loop_start()
c.publish("${topic}", "${value}", qos=1).wait_for_publish()
c.disconnect()`,
    };
}

function urlOf(target: Target): string {
    const isWs = target.transport === 'ws';
    const scheme = isWs ? (target.isTls ? 'wss' : 'ws') : target.isTls ? 'mqtts' : 'mqtt';
    return `${scheme}://${target.host}:${target.port}${isWs ? '/mqtt' : ''}`;
}

function node({ name, key, topic, target }: SnippetInput): Snippet {
    const read = target.isTls ? "import { readFileSync } from 'node:fs';\n" : '';
    const ca = target.isTls ? `\n  ca: readFileSync('${ca_file}'),` : '';
    return {
        title: 'Node, mqtt.js 5',
        needs: 'npm install mqtt',
        code: `import mqtt from 'mqtt';
${read}
const c = await mqtt.connectAsync('${urlOf(target)}', {
  clientId: '${name}',
  username: '${name}',
  password: '${key}',${ca}
});
await c.publishAsync('${topic}', '${value}', { qos: 1 });
await c.endAsync();`,
    };
}

function c({ name, key, topic, target }: SnippetInput): Snippet {
    const isWs = target.transport === 'ws';
    const scheme = isWs ? (target.isTls ? 'wss' : 'ws') : target.isTls ? 'ssl' : 'tcp';
    const uri = `${scheme}://${target.host}:${target.port}${isWs ? '/mqtt' : ''}`;
    const tls = target.isTls
        ? `    MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
    tls.trustStore = "${ca_file}";
    options.ssl = &tls;
`
        : '';
    return {
        title: 'C, Paho C',
        needs: 'apt install libpaho-mqtt-dev, then cc machine.c -lpaho-mqtt3cs',
        code: `#include <MQTTClient.h>
#include <stdio.h>

int main(void) {
    MQTTClient client;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    MQTTClient_deliveryToken token;
    options.username = "${name}";
    options.password = "${key}";
${tls}    MQTTClient_create(&client, "${uri}", "${name}",
                      MQTTCLIENT_PERSISTENCE_NONE, NULL);
    int rc = MQTTClient_connect(client, &options);
    if (rc != MQTTCLIENT_SUCCESS) {
        fprintf(stderr, "refused, reason %d\\n", rc);
        return 1;
    }
    MQTTClient_publish(client, "${topic}", 4, "${value}", 1, 0, &token);
    MQTTClient_waitForCompletion(client, token, 5000);
    MQTTClient_disconnect(client, 1000);
    MQTTClient_destroy(&client);
    return 0;
}`,
    };
}

function cpp({ name, key, topic, target }: SnippetInput): Snippet {
    const tls = target.isTls ? `\n                          .ca_file = "${ca_file}",` : '';
    return {
        title: 'C++20, Kith SDK',
        needs: 'target_link_libraries(machine PRIVATE kith::sdk)',
        code: `#include <kith/machine.h>

int main() {
    kith::Machine machine({.id = "${name}",
                          .token = "${key}",${tls}
                          .node = "${urlOf(target)}"});
    machine.publish("${topic}", "${value}");
    machine.run();
}`,
    };
}

function arduino({ name, key, topic, target }: SnippetInput): Snippet {
    const tls = target.isTls;
    const head = tls ? '#include <WiFiClientSecure.h>' : '#include <WiFiClient.h>';
    const ca = tls
        ? `\nconst char* ca = R"(paste ${ca_file} here)";\nWiFiClientSecure net;`
        : '\nWiFiClient net;';
    return {
        title: 'Arduino, ESP32, PubSubClient',
        needs: 'library PubSubClient by Nick O’Leary',
        code: `#include <WiFi.h>
${head}
#include <PubSubClient.h>
${ca}
PubSubClient mqtt(net);

void setup() {
  WiFi.begin("your network", "its password");
  while (WiFi.status() != WL_CONNECTED) delay(200);
${tls ? '  net.setCACert(ca);\n' : ''}  mqtt.setServer("${target.host}", ${target.port});
}

void loop() {
  if (!mqtt.connected()) {
    if (!mqtt.connect("${name}", "${name}", "${key}")) {
      delay(2000);
      return;
    }
    mqtt.publish("${topic}", "${value}");
  }
  mqtt.loop();
}`,
    };
}

function settings({ name, key, topic, target }: SnippetInput): Snippet {
    const isWs = target.transport === 'ws';
    const lines = [
        `host       ${target.host}`,
        `port       ${target.port}`,
        `protocol   ${isWs ? 'MQTT over WebSocket' : 'MQTT'} 5.0 or 3.1.1`,
        ...(isWs ? ['path       /mqtt'] : []),
        `client id  ${name}`,
        `user name  ${name}`,
        `password   ${key}`,
        `TLS        ${target.isTls ? `on, trust ${ca_file}` : 'off'}`,
        `topic      ${topic}`,
    ];
    return { title: 'Settings of any MQTT client', needs: '', code: lines.join('\n') };
}

export const languages: Record<Language, LanguageInfo> = {
    shell: { label: 'Shell', hasWebSocket: false, make: shell },
    kith: { label: 'kith pub', hasWebSocket: false, make: kith },
    python: { label: 'Python', hasWebSocket: true, make: python },
    node: { label: 'Node', hasWebSocket: true, make: node },
    c: { label: 'C', hasWebSocket: true, make: c },
    cpp: { label: 'C++', hasWebSocket: false, make: cpp },
    arduino: { label: 'Arduino', hasWebSocket: false, make: arduino },
    settings: { label: 'Settings', hasWebSocket: true, make: settings },
};

export interface Kind {
    id: string;
    label: string;
    note: string;
    languages: readonly Language[];
}

export const kinds: readonly Kind[] = [
    {
        id: 'try',
        label: 'This computer',
        note: 'a first try in a shell',
        languages: ['shell', 'kith', 'python', 'node'],
    },
    {
        id: 'gateway',
        label: 'Linux gateway',
        note: 'x86, Arm, Raspberry Pi',
        languages: ['python', 'shell', 'c', 'cpp', 'node', 'kith'],
    },
    { id: 'esp32', label: 'ESP32', note: 'Arduino, PlatformIO', languages: ['arduino'] },
    {
        id: 'server',
        label: 'Server program',
        note: 'Node, Python, C++',
        languages: ['node', 'python', 'cpp'],
    },
    { id: 'embedded', label: 'Embedded Linux', note: 'C, C++', languages: ['c', 'cpp'] },
    { id: 'other', label: 'Other', note: 'any MQTT client', languages: ['settings', 'shell'] },
];

export function kindOf(id: string): Kind {
    return kinds.find((kind) => kind.id === id) ?? (kinds[0] as Kind);
}

export type CodeWord = { kind: 'plain' | 'text' | 'number' | 'word' | 'note'; text: string };

const note = /(#include\b[^\n]*|\/\/[^\n]*|(?<=\s)# [^\n]*)/;
const quoted = /("[^"\n]*"|'[^'\n]*')/;
const word = /\b(import|from|as|try|except|const|await|int|char|void|while|if|return)\b/;
const number = /(?<![\w.-])(\d+(?:\.\d+)?)(?![\w.-])/;
const words = new RegExp([note, quoted, word, number].map((one) => one.source).join('|'), 'g');

/** Colours for a snippet: strings, numbers, words of the language, notes. */
export function highlight(code: string): CodeWord[] {
    const found: CodeWord[] = [];
    let end = 0;
    for (const match of code.matchAll(words)) {
        if (match.index > end) {
            found.push({ kind: 'plain', text: code.slice(end, match.index) });
        }
        const [text, isNote, isQuoted, isWord] = match;
        const kind = isNote ? 'note' : isQuoted ? 'text' : isWord ? 'word' : 'number';
        found.push({ kind, text });
        end = match.index + text.length;
    }
    if (end < code.length) {
        found.push({ kind: 'plain', text: code.slice(end) });
    }
    return found;
}
