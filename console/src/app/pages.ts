/* The pages: where they stand in the navigation, their keys, and how they load. Every page is a
   chunk of its own that loads when it is opened. Pages that do not exist yet are not listed. */

import type { IconName } from '../ui/icon';
import type { App } from './app';
import type { OperationsTab, Place, Route, SecurityTab } from './router';
import type { Scope } from './scope';
import type { Page } from './store';

export type OpenPage = (app: App, place: Place, scope: Scope) => Page;

export type NavId = 'home' | 'connect' | 'machines' | 'topics' | 'mesh' | 'security' | 'operations';

export interface NavItem {
    id: NavId;
    label: string;
    path: string;
    icon: IconName;
    /** `g` and then this letter goes there. */
    key: string;
}

export interface NavGroup {
    label: string;
    items: readonly NavItem[];
}

export const navGroups: readonly NavGroup[] = [
    {
        label: '',
        items: [
            { id: 'home', label: 'Home', path: '/', icon: 'home', key: 'h' },
            { id: 'connect', label: 'Connect', path: '/connect', icon: 'connect', key: 'c' },
        ],
    },
    {
        label: 'Things',
        items: [
            { id: 'machines', label: 'Machines', path: '/machines', icon: 'machines', key: 'm' },
            { id: 'topics', label: 'Topics', path: '/topics', icon: 'topics', key: 't' },
        ],
    },
    {
        label: 'Fabric',
        items: [{ id: 'mesh', label: 'Mesh', path: '/mesh', icon: 'mesh', key: 'n' }],
    },
    {
        label: 'Run',
        items: [
            { id: 'security', label: 'Security', path: '/security', icon: 'security', key: 's' },
            {
                id: 'operations',
                label: 'Operations',
                path: '/operations',
                icon: 'pulse',
                key: 'o',
            },
        ],
    },
];

export const navItems: readonly NavItem[] = navGroups.flatMap((group) => group.items);

/** Which item of the navigation a route belongs to. */
export function navOf(route: Route): NavId | null {
    switch (route.name) {
        case 'machine':
            return 'machines';
        case 'home':
        case 'connect':
        case 'machines':
        case 'topics':
        case 'mesh':
        case 'security':
        case 'operations':
            return route.name;
        default:
            return null;
    }
}

export function titleOf(route: Route): string {
    switch (route.name) {
        case 'machine':
            return route.id;
        case 'signin':
            return 'Sign in';
        case 'claim':
            return 'Claim this node';
        case 'lost':
            return 'Not found';
        default:
            return navItems.find((item) => item.id === route.name)?.label ?? 'Kith';
    }
}

export async function loadPage(route: Route): Promise<OpenPage> {
    switch (route.name) {
        case 'home':
            return (await import('../home/home_page')).openHome;
        case 'connect':
            return (await import('../connect/connect_page')).openConnect;
        case 'machines':
            return (await import('../machines/machines_page')).openMachines;
        case 'machine':
            return (await import('../machines/machine_page')).openMachine;
        case 'topics':
            return (await import('../topics/topics_page')).openTopics;
        case 'mesh':
            return (await import('../mesh/mesh_page')).openMesh;
        case 'security':
            return loadSecurity(route.tab, route.item);
        case 'operations':
            return loadOperations(route.tab);
        case 'signin':
            return (await import('../signin/signin_page')).openSignIn;
        case 'claim':
            return (await import('../signin/claim_page')).openClaim;
        case 'lost':
            return (await import('./lost_page')).openLost;
    }
}

async function loadSecurity(tab: SecurityTab, item: string | null): Promise<OpenPage> {
    switch (tab) {
        case 'posture':
            return (await import('../security/posture_page')).openPosture;
        case 'users':
            return (await import('../security/users_page')).openUsers;
        case 'machines':
            return item === null
                ? (await import('../security/credentials_page')).openCredentials
                : (await import('../security/credential_page')).openCredential;
        case 'keys':
            return (await import('../security/keys_page')).openKeys;
        case 'roles':
            return item === null
                ? (await import('../security/roles_page')).openRoles
                : (await import('../security/role_page')).openRole;
        case 'test':
            return (await import('../security/acl_page')).openAcl;
        case 'audit':
            return (await import('../security/audit_page')).openAudit;
    }
}

async function loadOperations(tab: OperationsTab): Promise<OpenPage> {
    switch (tab) {
        case 'node':
            return (await import('../operations/node_page')).openNode;
        case 'limits':
            return (await import('../operations/limits_page')).openLimits;
        case 'queues':
            return (await import('../operations/queues_page')).openQueues;
        case 'storage':
            return (await import('../operations/storage_page')).openStorage;
        case 'trace':
            return (await import('../operations/trace_page')).openTrace;
        case 'logs':
            return (await import('../operations/logs_page')).openLogs;
        case 'backup':
            return (await import('../operations/backup_page')).openBackup;
    }
}
