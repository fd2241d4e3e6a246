/* Security behind the mock node: users, machines' credentials, claim codes, topic roles with a small
   judge, an audit and the posture. */

const iso = (time_ms) => new Date(time_ms).toISOString();
const day_ms = 86_400_000;

const ownRules = [
    'allow both      $m/${machine}/#',
    'allow both      tel/${machine}/#',
    'allow publish   $to/#',
    'allow subscribe $to/${client}/#',
].join('\n');

const builtIn = [
    {
        name: 'all',
        rules: 'allow both #\nallow both $to/#\nallow subscribe $SYS/#',
        note: 'everything',
    },
    {
        name: 'free',
        rules: 'allow both      #\nallow both      $m/${machine}/#\nallow publish   $to/#',
        note: 'all topics outside $, its own machine',
    },
    { name: 'own', rules: ownRules, note: 'its own machine and its inbox' },
    { name: 'read', rules: 'allow subscribe #', note: 'reads all topics outside $to' },
];

const sensorRules = [
    '# Sensors: their own place, and the alarms of all.',
    'allow publish   plant/${machine}/#',
    'allow subscribe plant/+/alarms',
    '',
    '# Recipes are nobody’s business.',
    'deny  both      plant/+/recipe/#',
].join('\n');

const problem = (status, code, detail) => ({
    status,
    value: { type: 'about:blank', title: detail, status, code, detail },
});
const ok = (value, status = 200) => ({ status, value });

export class Trust {
    constructor(world) {
        this.world = world;
        this.at_ms = world.now_ms;
        const { now_ms } = world;
        const isEmpty = world.options.isEmpty === true;
        this.users = [
            {
                name: 'operator-2',
                role: 'admin',
                has_scram: true,
                created_at: iso(now_ms - 41 * day_ms),
            },
            ...(isEmpty
                ? []
                : [
                      {
                          name: 'anna',
                          role: 'admin',
                          has_scram: true,
                          created_at: iso(now_ms - 30 * day_ms),
                      },
                      {
                          name: 'night-shift',
                          role: 'operator',
                          has_scram: true,
                          created_at: iso(now_ms - 9 * day_ms),
                      },
                      {
                          name: 'wallboard',
                          role: 'viewer',
                          has_scram: false,
                          created_at: iso(now_ms - 2 * day_ms),
                      },
                  ]),
        ];
        this.credentials = isEmpty
            ? []
            : Array.from({ length: 132 }, (_, index) => this.credentialOf(index));
        this.codes = isEmpty ? [] : this.someCodes();
        this.certificates = new Map();
        this.roles = new Map(
            builtIn.map((role) => [role.name, roleOf({ ...role, built_in: true })]),
        );
        if (!isEmpty) {
            this.roles.set(
                'sensor',
                roleOf({
                    name: 'sensor',
                    rules: sensorRules,
                    note: 'vibration and temperature',
                    built_in: false,
                    updated_at: iso(now_ms - 3 * day_ms),
                    version: 4,
                }),
            );
        }
        this.audit = this.someAudit(isEmpty ? 3 : 260);
    }

    credentialOf(index) {
        const hall = 1 + (index % 3);
        const kind = ['press', 'oven', 'pump', 'vib'][index % 4];
        return {
            machine: `${kind}-${String(index + 1).padStart(3, '0')}`,
            note: `hall ${hall}`,
            topic_roles: index % 4 === 3 ? ['sensor'] : ['own'],
            has_password: index % 3 !== 2,
            enabled: index % 17 !== 5,
            has_scram: index % 3 === 0,
            created_at: iso(this.at_ms - (index % 40) * day_ms),
        };
    }

    someCodes() {
        const code = (id, machine, note, uses_left, days) => ({
            id,
            note,
            machine,
            topic_roles: machine === '' ? ['sensor'] : ['own'],
            uses_left,
            expires_at: iso(this.at_ms + days * day_ms),
            created_by: 'user:anna',
        });
        return [
            code('c1', '', 'vibration sensors, hall 3', 9, 6),
            code('c2', 'press-07', 'new controller', 1, 0.4),
        ];
    }

    someAudit(size) {
        const whats = [
            ['user:operator-2', 'session.open', '', 'ok'],
            ['user:anna', 'token.create', 'grafana, viewer', 'ok'],
            ['address:10.4.3.99', 'session.paused', 'anna', 'denied'],
            ['cli', 'machine.add', 'press-07', 'ok'],
            ['user:operator-2', 'role.change', 'sensor', 'ok'],
            ['user:night-shift', 'role.change', 'sensor', 'denied'],
        ];
        return Array.from({ length: size }, (_, index) => {
            const [who, what, detail, outcome] = whats[index % whats.length];
            return {
                id: size - index,
                at: iso(this.at_ms - index * 1_734_000 - 40_000),
                who,
                what,
                detail,
                from: who === 'cli' ? '' : `10.4.3.${20 + (index % 7)}:${50_000 + index}`,
                outcome,
            };
        });
    }

    answer(name, method, rest, query, body) {
        const parts = rest.split('/').filter(Boolean).map(decodeURIComponent);
        switch (name) {
            case 'users':
                return this.answerUsers(method, parts[0], body);
            case 'credentials':
                return this.answerCredentials(method, parts, query, body);
            case 'claim-codes':
                return this.answerCodes(method, parts[0], body);
            case 'roles':
                return this.answerRoles(method, parts[0], body);
            case 'acl-test':
                return this.judge(body);
            case 'audit':
                return this.answerAudit(query);
            default:
                return null;
        }
    }

    answerUsers(method, name, body) {
        const found = this.users.find((user) => user.name === name);
        if (method === 'GET') return ok({ items: this.users, next: null });
        if (method === 'POST') {
            if (this.users.some((user) => user.name === body.name)) {
                return problem(409, 'user.conflict', 'There is a user of this name already.');
            }
            const user = {
                name: body.name,
                role: body.role,
                has_scram: true,
                created_at: iso(this.world.now_ms),
            };
            this.users.push(user);
            return ok(user, 201);
        }
        if (!found) return problem(404, 'user.unknown', 'There is no such user.');
        if (method === 'DELETE') {
            this.users = this.users.filter((user) => user !== found);
            return { status: 204 };
        }
        found.role = body.role ?? found.role;
        return ok(found);
    }

    answerCredentials(method, [machine, part, fingerprint], query, body) {
        if (machine === undefined && method === 'GET') {
            const word = (query.get('query') ?? '').toLowerCase();
            const found = this.credentials.filter((one) =>
                `${one.machine} ${one.note}`.toLowerCase().includes(word),
            );
            const start = Number(query.get('cursor') ?? 0);
            const end = start + Number(query.get('limit') ?? 100);
            return ok({
                items: found.slice(start, end),
                next: end < found.length ? String(end) : null,
            });
        }
        if (machine === undefined) {
            const made = {
                machine: body.machine,
                note: body.note ?? '',
                topic_roles: body.topic_roles ?? ['own'],
                has_password: body.password !== undefined,
                enabled: true,
                has_scram: body.password !== undefined,
                created_at: iso(this.world.now_ms),
            };
            this.credentials.unshift(made);
            return ok({ ...made, password: 'mm_3kVq8pXe2nYtRw5sLb7uJd' }, 201);
        }
        const found = this.credentials.find((one) => one.machine === machine);
        if (!found) return problem(404, 'credential.unknown', `${machine} has no credential.`);
        if (part === 'certificates') {
            return this.answerCertificates(method, found, fingerprint);
        }
        if (method === 'GET') return ok(found);
        if (method === 'DELETE') {
            this.credentials = this.credentials.filter((one) => one !== found);
            return { status: 204 };
        }
        const { password, ...change } = body;
        Object.assign(found, change);
        if (password === undefined) return ok(found);
        found.has_password = true;
        return ok({ ...found, password: 'mm_9hTf4kQz7cVx1mNb6wGs' });
    }

    answerCertificates(method, credential, fingerprint) {
        const { machine } = credential;
        const list = this.certificates.get(machine) ?? [];
        if (list.length === 0 && !credential.has_password) list.push(this.certificate(machine, 0));
        this.certificates.set(machine, list);
        if (method === 'GET') return ok({ items: list, next: null });
        if (method === 'POST') {
            const made = this.certificate(machine, list.length);
            list.push(made);
            const pem = (what) => `-----BEGIN ${what}-----\nTW9jaw==\n-----END ${what}-----\n`;
            return ok(
                {
                    ...made,
                    certificate: pem('CERTIFICATE'),
                    key: pem('PRIVATE KEY'),
                },
                201,
            );
        }
        const found = list.find((one) => one.fingerprint === fingerprint);
        if (found) found.revoked_at = iso(this.world.now_ms);
        return { status: 204 };
    }

    certificate(machine, index) {
        const byte = (at) => (machine.charCodeAt(at % machine.length) * 7 + at * 31 + index) & 255;
        return {
            fingerprint: Array.from({ length: 32 }, (_, at) =>
                byte(at).toString(16).padStart(2, '0'),
            ).join(''),
            machine,
            subject: `CN=${machine}`,
            serial: '4f21',
            not_after: iso(this.at_ms + (365 - index) * day_ms),
            created_at: iso(this.at_ms),
            revoked_at: null,
        };
    }

    answerCodes(method, id, body) {
        if (method === 'GET') return ok({ items: this.codes, next: null });
        if (method === 'DELETE') {
            this.codes = this.codes.filter((code) => code.id !== id);
            return { status: 204 };
        }
        const made = {
            id: `c${this.codes.length + 3}`,
            note: body.note ?? '',
            machine: body.machine ?? '',
            topic_roles: body.topic_roles,
            uses_left: body.uses,
            expires_at: iso(this.world.now_ms + body.expires_in_s * 1000),
            created_by: 'user:operator-2',
        };
        this.codes.push(made);
        return ok({ ...made, code: 'KITH-7Q2M-X4VD-9RTB-3HJC' }, 201);
    }

    answerRoles(method, name, body) {
        if (name === undefined) {
            return ok({ items: [...this.roles.values()], next: null, file_problem: null });
        }
        const found = this.roles.get(name);
        if (method === 'PUT') {
            const made = roleOf({
                name,
                rules: body.rules,
                note: body.note ?? '',
                built_in: false,
                updated_at: iso(this.world.now_ms),
                version: (found?.version ?? 0) + 1,
            });
            this.roles.set(name, made);
            return ok(made, found ? 200 : 201);
        }
        if (!found) return problem(404, 'role.unknown', 'There is no such role.');
        if (method === 'DELETE') this.roles.delete(name);
        return method === 'DELETE' ? { status: 204 } : ok(found);
    }

    judge(body) {
        const machine = body.machine ?? '';
        const roles =
            body.role !== undefined
                ? [body.role]
                : (this.credentials.find((one) => one.machine === machine)?.topic_roles ?? ['own']);
        const fills = {
            '${machine}': machine,
            '${client}': body.client_id,
            '${tenant}': 'default',
        };
        let allow = null;
        for (const role of roles) {
            const lines = (this.roles.get(role)?.rules ?? '').split('\n');
            for (const [index, text] of lines.entries()) {
                const [effect, action, pattern] = text.trim().split(/\s+/);
                const isAction = action === 'both' || action === body.action;
                if (!isAction || !covers(pattern, body.topic, fills)) continue;
                const decided_by = { role, line: index + 1, text };
                if (effect === 'deny') {
                    return ok({
                        allowed: false,
                        decided_by,
                        why: 'a deny rule matches; deny wins',
                        topic_roles: roles,
                        unknown_roles: [],
                    });
                }
                allow ??= decided_by;
            }
        }
        return ok({
            allowed: allow !== null,
            decided_by: allow,
            why: allow === null ? 'no rule of its roles allows it' : 'an allow rule covers it',
            topic_roles: roles,
            unknown_roles: roles.filter((role) => !this.roles.has(role)),
        });
    }

    answerAudit(query) {
        const wants = ['who', 'what', 'from'].map((field) => [field, query.get(field) ?? '']);
        const since = query.get('since') ?? '';
        const found = this.audit.filter(
            (line) =>
                line.at >= since && wants.every(([field, word]) => line[field].startsWith(word)),
        );
        const start = Number(query.get('cursor') ?? 0);
        const end = start + Number(query.get('limit') ?? 100);
        return ok({
            items: found.slice(start, end),
            next: end < found.length ? String(end) : null,
        });
    }
}

function roleOf(role) {
    return {
        from_file: false,
        updated_at: null,
        version: 0,
        problem: null,
        rule_count: role.rules.split('\n').filter((line) => /^\s*[^\s#]/.test(line)).length,
        ...role,
    };
}

function covers(pattern, topic, fills) {
    const want = pattern.split('/').map((level) => fills[level] ?? level);
    const have = topic.split('/');
    for (const [index, level] of want.entries()) {
        if (level === '#') return index > 0 || !topic.startsWith('$');
        if (index >= have.length || (level !== '+' && level !== have[index])) return false;
    }
    return want.length === have.length;
}

export function securityOf(world, listeners) {
    const check = (id, title, state, detail, fix = null, link = null) => ({
        id,
        title,
        state,
        detail,
        fix,
        link,
    });
    const insecure = listeners.some((listener) => listener.insecure);
    const isStoreGood = world.store.state === 'healthy';
    const headings = [
        {
            id: 'identify',
            title: 'Identify',
            checks: [
                check(
                    'identify.version',
                    'The version is known',
                    'ok',
                    'Kith 0.1.0, running for 41 d.',
                ),
                check(
                    'identify.administrators',
                    'Few may do everything',
                    'ok',
                    '2 users and 1 key with the role admin.',
                    null,
                    '/security/users',
                ),
                check(
                    'identify.idle_keys',
                    'Keys are in use',
                    'unknown',
                    '3 keys are older than 90 d and not used since the node started 41 d ago; before that is not known.',
                    'Look at their last use again later, or revoke them.',
                    '/security/keys',
                ),
            ],
        },
        {
            id: 'protect',
            title: 'Protect',
            checks: [
                insecure
                    ? check(
                          'protect.encryption',
                          'Connections from other hosts are encrypted',
                          'problem',
                          'mqtt at 0.0.0.0:1883: passwords, keys and values can be read on the network.',
                          'Use mqtts or https there, and remove `insecure = true`.',
                          '/security#listeners',
                      )
                    : check(
                          'protect.encryption',
                          'Connections from other hosts are encrypted',
                          'ok',
                          'Every listener off loopback speaks TLS.',
                          null,
                          '/security#listeners',
                      ),
                check(
                    'protect.anonymous',
                    'Who connects says who they are',
                    'ok',
                    'MQTT from this computer needs no credentials; from elsewhere it does.',
                ),
                check(
                    'protect.key_expiry',
                    'Keys that may change things end',
                    'attention',
                    '1 key with the role admin or operator never ends.',
                    'Make one that ends, let the program use it, then revoke the old one.',
                    '/security/keys',
                ),
                check(
                    'protect.certificate',
                    'Certificates are valid',
                    'ok',
                    'The server certificate, which ends first, has 779 d left.',
                ),
                check(
                    'protect.files',
                    'Files are the node’s alone',
                    'ok',
                    'Nobody else can read the data directory, its stores or its keys.',
                ),
            ],
        },
        {
            id: 'detect',
            title: 'Detect',
            checks: [
                check(
                    'detect.audit',
                    'Changes are written down',
                    'ok',
                    'The audit log takes every change of users, keys and roles.',
                ),
                check(
                    'detect.sign_in',
                    'Nobody tries passwords',
                    'ok',
                    'No sign-in was paused within the last hour.',
                ),
                check(
                    'detect.refused',
                    'No machine is turned away',
                    'attention',
                    '2 connections were refused within the last hour, last hmi-9.',
                    'Give the machine a new credential, or find out who it is.',
                    '/security/machines',
                ),
                check(
                    'detect.limits',
                    'Nobody reaches a limit',
                    'ok',
                    'No limit was reached within the last hour.',
                ),
                check('detect.log', 'The log says enough', 'ok', 'The log level is info.'),
            ],
        },
        {
            id: 'respond',
            title: 'Respond',
            checks: [
                check(
                    'respond.administrator',
                    'Somebody can act',
                    'ok',
                    '2 administrators can sign in.',
                ),
                check(
                    'respond.revocation',
                    'What is revoked ends at once',
                    'ok',
                    'Users and keys are read from the store every 2 s; who lost a right is disconnected.',
                ),
            ],
        },
        {
            id: 'recover',
            title: 'Recover',
            checks: [
                isStoreGood
                    ? check(
                          'recover.store',
                          'The store writes',
                          'ok',
                          'What was acknowledged is on disk.',
                      )
                    : check(
                          'recover.store',
                          'The store writes',
                          'problem',
                          `The store cannot write: ${world.store.reason}.`,
                          'Repair what it names; the node goes on by itself.',
                          '/operations/storage',
                      ),
                check(
                    'recover.backup',
                    'There is a recent backup',
                    'ok',
                    'The last one was made 5 h ago.',
                ),
                check('recover.disk', 'The disk has room', 'ok', '41.2 GB of 64.0 GB are free.'),
            ],
        },
    ];
    const states = headings.flatMap((heading) => heading.checks.map((one) => one.state));
    const state = ['problem', 'attention', 'unknown'].find((one) => states.includes(one)) ?? 'ok';
    const certificate = (use, days, subject, issuer, names, seed) => ({
        use,
        subject,
        issuer,
        names,
        not_before: iso(world.started_ms),
        not_after: iso(world.now_ms + days * day_ms),
        days_left: days,
        fingerprint: Array.from({ length: 32 }, (_, at) =>
            ((at * seed + 97) & 255).toString(16).padStart(2, '0'),
        ).join(''),
        own: use !== 'client authority',
    });
    return {
        at: iso(world.now_ms),
        state,
        headings,
        listeners,
        certificates: [
            certificate(
                'server',
                779,
                'CN=gw-hall-2',
                'CN=gw-hall-2 authority',
                ['gw-hall-2', 'localhost', '127.0.0.1'],
                29,
            ),
            certificate(
                'authority',
                3609,
                'CN=gw-hall-2 authority',
                'CN=gw-hall-2 authority',
                [],
                53,
            ),
            certificate(
                'client authority',
                240,
                'CN=Plant North devices',
                'CN=Plant North',
                [],
                71,
            ),
        ],
    };
}
