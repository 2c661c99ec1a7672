import { Button, Menu } from '@mantine/core';
import { IconDots, IconFileImport } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { problemOf } from '../api/client';
import { type Imported, importYAML } from '../api/datasets';
import { Confirm } from '../buckets/Confirm';
import { ProblemView } from '../ui/Problem';
import css from './datasets.module.css';

const kinds: Record<string, string> = { dataset: 'data set', analysis: 'analysis', dashboard: 'dashboard' };

/** Data sets, analyses and dashboards from a file. What is there already, and is not the same, is replaced by whoever wants it so. */
export function useImport() {
  const file = useRef<HTMLInputElement>(null);
  const bring = useMutation({ mutationFn: (text: string) => importYAML(text, false) });
  // What was refused because something is there already, until somebody decides.
  const [held, setHeld] = useState<{ text: string; why: string }>();
  const [done, setDone] = useState<Imported>();
  const conflict = bring.error && problemOf(bring.error).kind === 'conflict';

  const read = async (f: File) => {
    setDone(undefined);
    const text = await f.text();
    bring.mutate(text, {
      onSuccess: setDone,
      onError: (e) => problemOf(e).kind === 'conflict' && setHeld({ text, why: problemOf(e).message }),
    });
  };

  const menu = (
    <>
      <Menu position="bottom-end" width={180}>
        <Menu.Target>
          <Button variant="default" px={6} aria-label="More actions">
            <IconDots size={16} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFileImport size={15} />} onClick={() => file.current?.click()}>
            Import YAML
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <input
        ref={file}
        type="file"
        hidden
        aria-label="YAML to import"
        accept=".yaml,.yml"
        onChange={(e) => {
          const f = e.currentTarget.files?.[0];
          e.currentTarget.value = '';
          if (f) void read(f);
        }}
      />
      {held && (
        <Confirm
          title="Replace what is there?"
          action="Replace"
          onClose={() => {
            setHeld(undefined);
            bring.reset();
          }}
          onConfirm={async () => setDone(await importYAML(held.text, true))}
        >
          Nothing was imported: {held.why}. Replaced, all that the file has becomes as the file has it; dashboards get a new version.
        </Confirm>
      )}
    </>
  );
  const said = (
    <>
      {bring.error && !conflict && <ProblemView error={bring.error} />}
      {done && (
        <p className={css.imported} role="status">
          {summary(done)}
        </p>
      )}
    </>
  );
  return { menu, said };
}

/** What an import did, in a sentence. */
export function summary(i: Imported): string {
  const name = (r: Imported['made'][number]) => `${kinds[r.kind] ?? r.kind} “${r.name}”`;
  const parts = [
    { verb: 'Made', of: i.made },
    { verb: 'Replaced', of: i.changed },
    { verb: 'The same already:', of: i.same },
  ];
  const said = parts.filter((p) => p.of.length > 0).map((p) => `${p.verb} ${p.of.map(name).join(', ')}.`);
  return said.length > 0 ? said.join(' ') : 'The file has nothing to import.';
}
