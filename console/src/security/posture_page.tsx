/* Security, first part: how well this node is kept. What is to do comes first; then every check
   under its heading, the listeners and the certificates. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { Listener, Security, SecurityCertificate, SecurityCheck } from '../api/types';
import { plural } from '../format/number';
import { date, parseTime } from '../format/time';
import { CopyButton } from '../ui/button';
import { Icon } from '../ui/icon';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Pill, Shape } from '../ui/shape';
import { SecurityFrame } from './frame';
import {
    allChecks,
    checkStatus,
    checkWord,
    daysStatus,
    daysText,
    fineText,
    postureText,
    shortFingerprint,
    worstFirst,
} from './words';

const read_every_ms = 15_000;

export function openPosture(app: App, place: Place, scope: Scope): Page {
    const security = new Resource<Security>(app, scope, () => '/api/v1/security');
    if (app.mayAct('operator')) {
        security.poll(read_every_ms);
    }
    // A link to a part of the page works once the part is there.
    const wanted = place.hash.slice(1);
    let isShown = wanted === '';
    scope.effect(() => {
        if (!isShown && security.value.value !== null) {
            isShown = true;
            requestAnimationFrame(() => document.getElementById(wanted)?.scrollIntoView());
        }
    });
    return { view: () => <Posture app={app} security={security} /> };
}

function Posture({ app, security }: { app: App; security: Resource<Security> }): VNode {
    const value = security.value.value;
    return (
        <SecurityFrame
            app={app}
            tab="posture"
            needs="operator"
            what="Seeing how the node is kept"
            sentence={
                value === null
                    ? 'How well this node is kept, computed from facts.'
                    : postureText(value)
            }
            actions={
                <button type="button" class="btn" onClick={() => void security.read()}>
                    <Icon name="refresh" />
                    Check again
                </button>
            }
        >
            {() =>
                value === null ? (
                    <div class="alone">
                        <Loaded app={app} of={security} what="the posture" rows={6}>
                            {() => null}
                        </Loaded>
                    </div>
                ) : (
                    <Loaded app={app} of={security} what="the posture">
                        {(posture) => <Parts posture={posture} />}
                    </Loaded>
                )
            }
        </SecurityFrame>
    );
}

function Parts({ posture }: { posture: Security }): VNode {
    const todo = worstFirst(allChecks(posture)).filter(
        (check) => check.state === 'problem' || check.state === 'attention',
    );
    return (
        <>
            {todo.length > 0 && (
                <Section title="To do" note={`${plural(todo.length, 'thing')}, worst first`}>
                    <div class="todo">
                        {todo.map((check) => (
                            <Todo key={check.id} check={check} />
                        ))}
                    </div>
                </Section>
            )}
            <div class="five">
                {posture.headings.map((heading) => (
                    <Section
                        key={heading.id}
                        title={heading.title}
                        note={fineText(heading.checks)}
                        kind="heading"
                    >
                        {worstFirst(heading.checks).map((check) => (
                            <CheckRow key={check.id} check={check} />
                        ))}
                    </Section>
                ))}
            </div>
            <div class="cols c-2">
                <Section title="Listeners" id="listeners" kind="flush">
                    <Listeners listeners={posture.listeners} />
                </Section>
                <Section
                    title="Certificates"
                    id="certificates"
                    kind="flush"
                    actions={
                        <a class="btn quiet sm" href="/kith-ca.pem" download>
                            <Icon name="download" />
                            kith-ca.pem
                        </a>
                    }
                >
                    <Certificates certificates={posture.certificates} />
                </Section>
            </div>
        </>
    );
}

/** What stands between backticks is for a shell or a file. */
function Ticked({ text }: { text: string }): VNode {
    return (
        <>
            {text
                .split('`')
                .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
        </>
    );
}

function Todo({ check }: { check: SecurityCheck }): VNode {
    return (
        <div class="ev">
            <Shape status={checkStatus[check.state]} label={checkWord[check.state]} />
            <div>
                <b class="strong">{check.detail}</b>
                <div class="x">
                    <Ticked text={check.fix ?? ''} />
                </div>
            </div>
            {check.link === null ? (
                <span />
            ) : (
                <a class="btn sm" href={check.link} aria-label={`Go there: ${check.title}`}>
                    Go there
                </a>
            )}
        </div>
    );
}

function CheckRow({ check }: { check: SecurityCheck }): VNode {
    return (
        <details class="chk">
            <summary>
                <Shape status={checkStatus[check.state]} label={checkWord[check.state]} />
                <span>{check.title}</span>
                <Icon name="down" />
            </summary>
            <div class="chk-more">
                <p>{check.detail}</p>
                {check.fix !== null && (
                    <p class="strong">
                        <Ticked text={check.fix} />
                    </p>
                )}
                <p class="row wrap">
                    <code class="faint">{check.id}</code>
                    {check.link !== null && <a href={check.link}>Go there</a>}
                </p>
            </div>
        </details>
    );
}

function Listeners({ listeners }: { listeners: readonly Listener[] }): VNode {
    return (
        <div class="tw">
            <table class="tb data">
                <thead>
                    <tr>
                        <th>Listener</th>
                        <th>Encryption</th>
                        <th>Without credentials</th>
                    </tr>
                </thead>
                <tbody>
                    {listeners.map((listener) => (
                        <tr key={`${listener.kind} ${listener.address}`}>
                            <td>
                                <span class="listener">
                                    <b class="strong">{listener.kind}</b>
                                    <code>{listener.address}</code>
                                    {listener.proxy && <span class="tag">behind proxies</span>}
                                </span>
                            </td>
                            <td>
                                {listener.tls ? (
                                    <Pill status="ok">TLS</Pill>
                                ) : listener.insecure ? (
                                    <Pill status="crit">none, insecure</Pill>
                                ) : (
                                    <span class="dim">none, this computer only</span>
                                )}
                            </td>
                            <td class="dim">
                                {listener.anonymous ? 'from this computer' : 'nobody'}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

const useNotes: Record<SecurityCertificate['use'], string> = {
    server: 'shown to whoever connects over TLS',
    authority: 'signs the server’s; machines trust it',
    'client authority': 'whose client certificates are accepted',
    'own client authority': 'signs the certificates of machines',
};

function Certificates({ certificates }: { certificates: readonly SecurityCertificate[] }): VNode {
    if (certificates.length === 0) {
        return <p class="inset dim">No certificate could be read.</p>;
    }
    return (
        <div class="certs">
            {certificates.map((certificate) => (
                <div class="cert" key={certificate.fingerprint + certificate.use}>
                    <div class="cert-head">
                        <b class="strong">{certificate.use}</b>
                        <Pill status={daysStatus(certificate.days_left)}>
                            {daysText(certificate.days_left)}
                        </Pill>
                        <span class="sp" />
                        <CopyButton label="Fingerprint" text={certificate.fingerprint} />
                    </div>
                    <div class="x dim">
                        {useNotes[certificate.use]};{' '}
                        {certificate.own ? 'made by this node' : 'yours'}, until{' '}
                        {date(parseTime(certificate.not_after) ?? 0)}
                        {certificate.names.length > 0 && `, for ${certificate.names.join(', ')}`}
                    </div>
                    <code class="faint small">
                        {certificate.subject} · {shortFingerprint(certificate.fingerprint)}
                    </code>
                </div>
            ))}
        </div>
    );
}
