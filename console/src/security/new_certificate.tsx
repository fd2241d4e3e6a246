/* A certificate for a machine: with a key that this node makes and shows once, for a request that
   the machine made with its own key, or one of another authority that is to stand for it. */

import { useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText, type Result } from '../api/client';
import type { NewCertificate } from '../api/types';
import { Field, noteId } from '../ui/field';
import { FormDialog, SecretDialog, type Secret } from '../ui/form_dialog';
import { Choices } from './choices';
import { shortFingerprint } from './words';

type Way = 'key' | 'csr' | 'certificate';

const days_default = 365;
const days_max = 3_650;

const ways: readonly (readonly [Way, string, string])[] = [
    ['key', 'Make a key here', 'this node makes key and certificate, and shows them once'],
    ['csr', 'Sign a request', 'the machine keeps its key'],
    ['certificate', 'Map one', 'of an authority in tls.client_ca'],
];

const pasteLabels = {
    csr: { label: 'Signing request', start: '-----BEGIN CERTIFICATE REQUEST-----' },
    certificate: { label: 'Certificate', start: '-----BEGIN CERTIFICATE-----' },
} as const;

export function openNewCertificate(app: App, machine: string, onMade: () => void): void {
    app.openDialog(() => <NewOne app={app} machine={machine} onMade={onMade} />);
}

function NewOne(props: { app: App; machine: string; onMade: () => void }): VNode {
    const { app, machine, onMade } = props;
    const way = useSignal<Way>('key');
    const pem = useSignal('');
    const days = useSignal(String(days_default));
    const add = async (): Promise<string | null> => {
        const wrong = wrongIn(way.value, pem.value, days.value);
        if (wrong !== null) {
            return wrong;
        }
        const lifetime = way.value === 'certificate' ? {} : { days: Number(days.value) };
        const foreign = way.value === 'key' ? {} : { [way.value]: pem.value.trim() };
        const made = await askForOne(app, machine, { ...lifetime, ...foreign });
        if (!made.ok) {
            return problemText(made.problem);
        }
        onMade();
        showCertificate(app, machine, made.value);
        return null;
    };
    return (
        <FormDialog
            title={`A certificate for ${machine}`}
            act={way.value === 'certificate' ? 'Map the certificate' : 'Issue the certificate'}
            busy="Asking the node"
            onAct={add}
            onClose={() => app.closeDialog()}
        >
            <Choices legend="How" name="certificate-way" value={way} choices={ways} />
            {way.value !== 'key' && <Paste pem={pem} {...pasteLabels[way.value]} />}
            {way.value !== 'certificate' && <Days days={days} />}
        </FormDialog>
    );
}

function wrongIn(way: Way, pem: string, days: string): string | null {
    if (way !== 'key' && !pem.includes('-----BEGIN ')) {
        return `${pasteLabels[way].label}: paste its text in PEM, or choose its file.`;
    }
    const count = Number(days);
    return way === 'certificate' || (Number.isInteger(count) && count >= 1 && count <= days_max)
        ? null
        : `A certificate lives 1 to ${days_max} days.`;
}

function Paste(props: { pem: Signal<string>; label: string; start: string }): VNode {
    const { pem } = props;
    const read = async (file: File | undefined): Promise<void> => {
        if (file) {
            pem.value = await file.text();
        }
    };
    return (
        <Field id="certificate-pem" label={`${props.label}, PEM`}>
            <textarea
                class="in mono pem"
                id="certificate-pem"
                rows={5}
                placeholder={props.start}
                spellcheck={false}
                autocomplete="off"
                value={pem.value}
                onInput={(event) => (pem.value = event.currentTarget.value)}
            />
            <span class="btn sm from-file">
                From a file
                <input
                    type="file"
                    aria-label={`${props.label} from a file`}
                    accept=".pem,.csr,.crt,.cer"
                    onChange={(event) => void read(event.currentTarget.files?.[0])}
                />
            </span>
        </Field>
    );
}

function Days({ days }: { days: Signal<string> }): VNode {
    return (
        <Field id="certificate-days" label="It lives, days" note={`1 to ${days_max}.`}>
            <input
                class="in"
                id="certificate-days"
                inputMode="numeric"
                value={days.value}
                aria-describedby={noteId('certificate-days')}
                onInput={(event) => (days.value = event.currentTarget.value)}
            />
        </Field>
    );
}

function askForOne(app: App, machine: string, body: object): Promise<Result<NewCertificate>> {
    const path = `/api/v1/credentials/${encodeURIComponent(machine)}/certificates`;
    return app.client.post<NewCertificate>(path, body, { isSecret: true });
}

/** For a machine that was just added: null, or why it has no certificate. */
export async function issueCertificate(
    app: App,
    machine: string,
    onMade: () => void,
): Promise<string | null> {
    const made = await askForOne(app, machine, {});
    onMade();
    if (!made.ok) {
        return `${machine} is there, but has no certificate: ${problemText(made.problem)}`;
    }
    showCertificate(app, machine, made.value);
    return null;
}

function showCertificate(app: App, machine: string, made: NewCertificate): void {
    const { certificate, key } = made;
    if (certificate === undefined) {
        app.closeDialog();
        app.toast(`${shortFingerprint(made.fingerprint)} stands for ${machine} now`);
        return;
    }
    const secrets: Secret[] = [
        { label: 'Certificate', text: certificate, file: `${machine}.pem` },
        ...(key === undefined ? [] : [{ label: 'Private key', text: key, file: `${machine}.key` }]),
    ];
    const note =
        key === undefined
            ? 'Signed for the key that the machine has. It can be fetched no second time.'
            : 'The key is shown once and kept nowhere. Save both now.';
    app.openDialog(() => (
        <SecretDialog
            key={`certificate ${made.fingerprint}`}
            title={`The certificate of ${machine}`}
            note={note}
            secrets={secrets}
            onClose={() => app.closeDialog()}
        >
            <p class="small faint">
                For mqtts; the machine trusts{' '}
                <a href="/kith-ca.pem" download>
                    kith-ca.pem
                </a>
                .
            </p>
        </SecretDialog>
    ));
}
