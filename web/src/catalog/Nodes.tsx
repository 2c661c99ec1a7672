import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { putConnector, watchedConnectors } from '../api/catalogs';
import type { Connector, MetastoreNode } from '../api/types';
import { Copy } from '../ui/Copy';
import { ago, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { NodeFields, useNodeFields } from './NodeFields';
import css from './catalog.module.css';

/** The nodes behind a data catalog, as they are now, and a way to change them. */
export function Nodes(props: { connector: Connector }) {
  const live = useQuery(watchedConnectors).data?.find((c) => c.name === props.connector.name) ?? props.connector;
  const [editing, setEditing] = useState(false);
  const own = live.uris.length === 0;
  const nodes = live.uris.map((uri): Partial<MetastoreNode> & { uri: string } => live.nodes?.find((n) => n.uri === uri) ?? { uri });
  return (
    <section className={css.nodes} aria-label="Metastore nodes">
      <header className={css.nodesHead}>
        <h2>{own ? "The lake's own metastore" : 'Metastore nodes'}</h2>
        <Copy value={live.arn} label="Copy the connector's ARN" />
        {live.role && <span className="muted">acts by {live.role.replace(/^.*:role/, 'role')}</span>}
        {!own && !editing && (
          <Button variant="default" className={css.nodesEdit} onClick={() => setEditing(true)}>
            Edit nodes
          </Button>
        )}
      </header>
      {editing ? (
        <EditNodes connector={live} onDone={() => setEditing(false)} />
      ) : (
        !own && (
          <table className={css.list}>
            <thead>
              <tr>
                <th>Node</th>
                <th>State</th>
                <th className={css.roomy}>Since</th>
                <th className={css.roomy}>Last error</th>
              </tr>
            </thead>
            <tbody>
              {nodes.map((n) => (
                <tr key={n.uri}>
                  <td>
                    <code>{n.uri}</code>
                  </td>
                  <td>
                    <NodeState of={n} />
                  </td>
                  <td className={`num muted ${css.roomy}`}>{n.since && <time title={moment(n.since)}>{ago(n.since)}</time>}</td>
                  <td className={`muted ${css.roomy}`}>{n.last_error}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )
      )}
    </section>
  );
}

function NodeState({ of: n }: { of: Partial<MetastoreNode> }) {
  const state = n.good === undefined ? 'unknown' : n.good ? 'good' : 'failing';
  return (
    <span className={css.state} data-state={state}>
      <span className={css.dot} aria-hidden />
      {{ unknown: 'not asked yet', good: 'good', failing: 'failing' }[state]}
      {n.in_use && <span className={css.chip}>in use</span>}
    </span>
  );
}

function EditNodes(props: { connector: Connector; onDone: () => void }) {
  const { connector: c } = props;
  const fields = useNodeFields(c.uris);
  const save = useMutation({
    // How they are spoken to, and by which role, stays; so does the password, which nobody is told.
    mutationFn: () =>
      putConnector(c.name, { description: c.description ?? '', uris: fields.uris, role: c.role, tls: c.tls, roots: c.roots, user: c.user, framed: c.framed, compact: c.compact }),
    onSuccess: props.onDone,
  });
  return (
    <form
      className={css.nodesForm}
      onSubmit={(e) => {
        e.preventDefault();
        if (fields.check()) save.mutate();
      }}
    >
      <NodeFields fields={fields} />
      {save.error && <ProblemView error={save.error} compact />}
      <p className="muted">Statements use the new nodes from now on; nothing needs a restart.</p>
      <div className={css.choices}>
        <Button variant="default" onClick={props.onDone}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending}>
          Save nodes
        </Button>
      </div>
    </form>
  );
}
