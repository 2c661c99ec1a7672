import { Button, Checkbox, CopyButton, PasswordInput, Select, TextInput } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';

import { buckets } from '../api/buckets';
import { catalogs, connectorPolicy, connectors, createCatalog, databases, putConnector, testNodes } from '../api/catalogs';
import type { Connection, Trial } from '../api/types';
import { Empty } from '../ui/Empty';
import { counted, duration } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Databases } from './Databases';
import { NodeFields, useNodeFields } from './NodeFields';
import css from './catalog.module.css';

const nameOfCatalog = /^[A-Za-z0-9_@-]{1,256}$/;
const nameOfConnector = /^[A-Za-z0-9_-]{1,64}$/;

/** Connects a metastore: its nodes, a test, a name, who may use it, what is in it. */
export function ConnectPage() {
  const navigate = useNavigate();
  const fields = useNodeFields([]);
  const [by, setBy] = useState<Connection>({ tls: false, framed: false, compact: false });
  const [name, setName] = useState('');
  const [connector, setConnector] = useState<string | null>(null); // until it is written, it follows the name
  const [description, setDescription] = useState('');
  const [role, setRole] = useState('');
  const [checked, setChecked] = useState(false);
  const known = useQuery(catalogs);
  const reached = useQuery(connectors);
  const functionName = connector ?? (name ? `${name.replaceAll('@', '-')}-metastore`.slice(0, 64) : '');

  useEffect(() => {
    document.title = 'Connect data source · lethe';
  }, []);

  const taken = known.data?.some((c) => c.name.toLowerCase() === name.toLowerCase());
  const nameError = !nameOfCatalog.test(name) ? 'Letters, digits, _ @ and -.' : taken ? 'There is a data catalog of this name.' : undefined;
  const connectorError = !nameOfConnector.test(functionName)
    ? 'Letters, digits, _ and -, at most 64.'
    : reached.data?.some((c) => c.name === functionName)
      ? 'There is a connector of this name; choose another, or edit its nodes at its catalog.'
      : undefined;

  const test = useMutation({ mutationFn: (uris: string[]) => testNodes(nameOfConnector.test(functionName) ? functionName : 'new', uris, by) });
  const make = useMutation({
    mutationFn: async () => {
      await putConnector(functionName, { description, uris: fields.uris, role: role.trim() || undefined, ...by });
      return createCatalog(name, { description, connector: functionName });
    },
  });
  const made = make.data;
  const settled = made !== undefined || make.isPending;

  const submit = () => {
    setChecked(true);
    if (fields.check() && !nameError && !connectorError) make.mutate();
  };

  return (
    <>
      <PageHead
        label="Connect data source"
        title={
          <span className={css.crumb}>
            <Link to="/catalog">Catalog</Link> / <b>Connect data source</b>
          </span>
        }
      />
      <div className={`${css.scroll} ${css.wizardPage}`}>
        <ol className={css.wizard}>
          <Step number={1} title="Where is the Hive metastore?" done={test.data?.some((n) => n.good)}>
            <p className="muted">One node or more that share a database. If one fails, statements go on with the next.</p>
            <NodeFields fields={fields} />
            <LoginFields value={by} onChange={setBy} />
            <div className={css.wizardRow}>
              <Button variant="default" loading={test.isPending} disabled={made !== undefined} onClick={() => fields.check() && test.mutate(fields.uris)}>
                Test connection
              </Button>
            </div>
            {test.error && <ProblemView error={test.error} compact />}
            {test.data && <Trials of={test.data} />}
          </Step>
          <Step number={2} title="What is it called?" done={made !== undefined}>
            <div className={css.wizardFields}>
              <TextInput
                label="Data catalog"
                description="as statements name it: SELECT * FROM name.database.table"
                value={name}
                error={!settled && (checked || (name !== '' && taken)) ? nameError : undefined}
                readOnly={settled}
                onChange={(e) => setName(e.currentTarget.value)}
                spellCheck={false}
                autoCapitalize="none"
              />
              <TextInput
                label="Connector"
                description="a function in AWS: policies allow lambda:InvokeFunction on it"
                value={functionName}
                error={checked && !settled ? connectorError : undefined}
                readOnly={settled}
                onChange={(e) => setConnector(e.currentTarget.value)}
                spellCheck={false}
                autoCapitalize="none"
              />
              <TextInput
                label="Role"
                description="that the connector acts by, if it is to be one: needs iam:PassRole, and that the role trusts lambda.amazonaws.com"
                value={role}
                readOnly={settled}
                onChange={(e) => setRole(e.currentTarget.value)}
                spellCheck={false}
                autoCapitalize="none"
              />
              <TextInput label="Description" value={description} readOnly={settled} onChange={(e) => setDescription(e.currentTarget.value)} />
            </div>
            {make.error && <ProblemView error={make.error} compact />}
            {!made && (
              <div className={css.wizardRow}>
                <Button loading={make.isPending} onClick={submit}>
                  Connect
                </Button>
                {!test.data && <span className="muted">It can be connected without a test.</span>}
              </div>
            )}
          </Step>
          {made && (
            <>
              <Step number={3} title="Who may use it?">
                <Permissions connector={functionName} />
              </Step>
              <Step number={4} title="What is in it?" done>
                <Found catalog={made.name} />
                <div className={css.wizardRow}>
                  <Button onClick={() => void navigate({ to: '/catalog/$catalog', params: { catalog: made.name } })}>Open {made.name}</Button>
                </div>
              </Step>
            </>
          )}
        </ol>
      </div>
    </>
  );
}

/** How the nodes are logged in to, if they ask for it. */
function LoginFields(props: { value: Connection; onChange: (by: Connection) => void }) {
  const { value: by, onChange } = props;
  return (
    <>
      <Checkbox size="xs" label="Nodes speak TLS" checked={by.tls} onChange={(e) => onChange({ ...by, tls: e.currentTarget.checked })} />
      <div className={css.wizardLogin}>
        <TextInput
          label="User"
          description="if nodes ask for a login (SASL PLAIN)"
          value={by.user ?? ''}
          onChange={(e) => onChange({ ...by, user: e.currentTarget.value || undefined, password: e.currentTarget.value ? by.password : undefined })}
          autoComplete="off"
          spellCheck={false}
          autoCapitalize="none"
        />
        {by.user && (
          <PasswordInput
            size="xs"
            label="Password"
            description="is kept sealed and not shown again"
            value={by.password ?? ''}
            onChange={(e) => onChange({ ...by, password: e.currentTarget.value || undefined })}
            autoComplete="new-password"
          />
        )}
      </div>
    </>
  );
}

function Step(props: { number: number; title: string; done?: boolean; children: ReactNode }) {
  return (
    <li className={css.step}>
      <span className={css.stepNumber} data-done={props.done || undefined} aria-hidden>
        {props.done ? <IconCheck size={14} /> : props.number}
      </span>
      <section aria-label={props.title}>
        <h2>{props.title}</h2>
        {props.children}
      </section>
    </li>
  );
}

/** What each node answered, and how soon. */
function Trials(props: { of: Trial[] }) {
  return (
    <ul className={css.trials} role="status" aria-label="Answers of the nodes">
      {props.of.map((n) => (
        <li key={n.uri} data-good={n.good || undefined}>
          {n.good ? <IconCheck size={15} aria-hidden /> : <IconX size={15} aria-hidden />}
          <code>{n.uri}</code>
          <span>{n.good ? `answers, with ${counted(n.databases, 'database')}` : n.error}</span>
          <span className="num muted">{duration(n.took_ms)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The policy that people need, to be copied. */
function Permissions(props: { connector: string }) {
  const all = useQuery(buckets);
  const [chosen, setChosen] = useState<string | null>(null);
  const bucket = chosen ?? all.data?.[0]?.name ?? '';
  const policy = useQuery(connectorPolicy(props.connector, bucket));
  return (
    <>
      <p>
        Administrators may. Others need this policy, beside what lets them read the data itself; attach it to a group in <Link to="/access">Access</Link>.
      </p>
      {all.data && all.data.length > 0 && (
        <Select
          className={css.wizardSelect}
          label="Bucket for large answers"
          data={all.data.map((b) => b.name)}
          value={bucket}
          comboboxProps={{ shadow: 'sm' }}
          onChange={setChosen}
        />
      )}
      {all.data?.length === 0 && <p className="muted">Make a bucket first: the policy names one for large answers.</p>}
      {policy.error && <ProblemView error={policy.error} compact />}
      {policy.data && (
        <div className={css.code}>
          <CopyButton value={policy.data.document}>
            {({ copied, copy }) => (
              <Button variant="default" className={css.copy} onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
          <pre tabIndex={0}>{policy.data.document}</pre>
        </div>
      )}
    </>
  );
}

function Found(props: { catalog: string }) {
  const q = useQuery(databases(props.catalog));
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Asking for databases" />;
  if (q.data.length === 0) return <Empty>The metastore answers, and has no databases yet.</Empty>;
  return <Databases catalog={props.catalog} databases={q.data} />;
}
