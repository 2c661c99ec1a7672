import { useSyncExternalStore } from 'react';

import { ownCatalog } from '../api/catalogs';
import { statements } from './statement';

/** An editor. */
export interface Tab {
  id: string;
  /** What its person called it; "" names it after its text. */
  name: string;
  text: string;
  catalog: string;
  database: string;
  /** Its latest execution, and the offset in text at which that statement began. */
  run?: string;
  runFrom?: number;
  /** What the server said of a statement that it did not even start. */
  refused?: { message: string; hint: string; id: string; line: number; column: number };
}

interface Tabs {
  list: Tab[];
  active: string;
}

/** The editors of one person in this browser. They outlive the page and the
 * login; another person on the same browser has others. */
export class TabStore {
  private tabs: Tabs;
  private listeners = new Set<() => void>();
  private saving: ReturnType<typeof setTimeout> | undefined;
  /** Closed here, so that saving does not bring them back from another window's. */
  private closed = new Set<string>();

  constructor(private readonly key: string) {
    this.tabs = read(key) ?? fresh();
    addEventListener('pagehide', this.save);
  }

  subscribe = (f: () => void) => {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  };

  get = () => this.tabs;

  active = () => this.tabs.list.find((t) => t.id === this.tabs.active) ?? this.tabs.list[0]!;

  activate(id: string) {
    if (id !== this.tabs.active) this.set({ ...this.tabs, active: id });
  }

  update(id: string, change: Partial<Tab>) {
    this.set({ ...this.tabs, list: this.tabs.list.map((t) => (t.id === id ? { ...t, ...change } : t)) });
  }

  /** Opens an editor beside the active one. An untouched empty one is taken instead. */
  open(change: Partial<Tab> = {}): Tab {
    const now = this.active();
    if (change.text && now.text.trim() === '' && !now.run) {
      this.update(now.id, change);
      return this.active();
    }
    const tab = { ...blank(), catalog: now.catalog, database: now.database, ...change };
    const at = this.tabs.list.indexOf(now) + 1;
    this.set({ list: this.tabs.list.toSpliced(at, 0, tab), active: tab.id });
    return tab;
  }

  close(id: string) {
    this.closed.add(id);
    const at = this.tabs.list.findIndex((t) => t.id === id);
    const list = this.tabs.list.filter((t) => t.id !== id);
    if (list.length === 0) return this.set(fresh());
    const active = this.tabs.active === id ? list[Math.max(0, at - 1)]!.id : this.tabs.active;
    this.set({ list, active });
  }

  private set(tabs: Tabs) {
    this.tabs = tabs;
    for (const f of this.listeners) f();
    clearTimeout(this.saving);
    this.saving = setTimeout(this.save, 300);
  }

  private save = () => {
    try {
      // Another window of the same person may have opened editors meanwhile.
      const ours = new Set(this.tabs.list.map((t) => t.id));
      const others = (read(this.key)?.list ?? []).filter((t) => !ours.has(t.id) && !this.closed.has(t.id));
      localStorage.setItem(this.key, JSON.stringify({ ...this.tabs, list: [...this.tabs.list, ...others] }));
    } catch {
      // Storage is full or forbidden: the editors live as long as the page.
    }
  };
}

/** Unique in this browser. crypto.randomUUID is missing where the page came by plain http. */
const newID = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');

const blank = (): Tab => ({ id: newID(), name: '', text: '', catalog: ownCatalog, database: 'default' });

function fresh(): Tabs {
  const tab = blank();
  return { list: [tab], active: tab.id };
}

function read(key: string): Tabs | undefined {
  try {
    const t = JSON.parse(localStorage.getItem(key) ?? 'null') as Tabs | null;
    if (t && t.list.length > 0 && t.list.every((x) => typeof x.id === 'string' && typeof x.text === 'string')) return t;
  } catch {
    // Not ours, or cut short: begin anew.
  }
  return undefined;
}

/** What a tab is called: its given name, or the table it reads, or its first words. */
function nameOf(t: Tab): string {
  if (t.name) return t.name;
  const text = statements(t.text)[0]?.text ?? '';
  const table = /\b(?:from|into|table|describe)\s+((?:"[^"]+"|[\w.$]+)+)/i.exec(text)?.[1];
  const name = table?.split('.').at(-1)?.replaceAll('"', '') ?? text.slice(0, 24).trim();
  return name || 'New query';
}

/** What tabs are called, numbered where two would be called the same. */
export function namesOf(list: Tab[]): string[] {
  const seen = new Map<string, number>();
  return list.map((t) => {
    const name = nameOf(t);
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return n === 1 ? name : `${name} ${n}`;
  });
}

const stores = new Map<string, TabStore>();

export function storeOf(user: string): TabStore {
  const key = `lethe.editors.${user}`;
  let s = stores.get(key);
  if (!s) stores.set(key, (s = new TabStore(key)));
  return s;
}

export function useTabs(user: string) {
  const store = storeOf(user);
  const { list } = useSyncExternalStore(store.subscribe, store.get);
  return { store, list, active: store.active() };
}
