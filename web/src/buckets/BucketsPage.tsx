import { Button, Modal, TextInput } from '@mantine/core';
import { IconBucket, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';

import { buckets, createBucket } from '../api/buckets';
import { Empty } from '../ui/Empty';
import { moment } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import css from './buckets.module.css';

/** All buckets. */
export function BucketsPage() {
  const q = useQuery(buckets);
  const [making, setMaking] = useState(false);
  useEffect(() => {
    document.title = 'Buckets · lethe';
  }, []);
  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
      Create bucket
    </Button>
  );
  return (
    <>
      <PageHead title="Buckets" label="Buckets">
        {make}
      </PageHead>
      <div className={css.scroll}>
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
        {q.isPending && <Waiting label="Loading buckets" />}
        {q.data?.length === 0 && <Empty action={make}>Buckets hold the lake's files; there is none yet.</Empty>}
        {q.data && q.data.length > 0 && (
          <table className={css.list}>
            <thead>
              <tr>
                <th>Bucket</th>
                <th className={css.when}>Created</th>
              </tr>
            </thead>
            <tbody>
              {q.data.map((b) => (
                <tr key={b.name}>
                  <td>
                    <Link to="/buckets/$bucket" params={{ bucket: b.name }} className={css.entry}>
                      <IconBucket size={16} stroke={1.6} aria-hidden />
                      {b.name}
                    </Link>
                  </td>
                  <td className={`num muted ${css.when}`}>{b.created && moment(b.created)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {making && <CreateBucket onClose={() => setMaking(false)} />}
    </>
  );
}

function CreateBucket(props: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: () => createBucket(name),
    onSuccess: () => navigate({ to: '/buckets/$bucket', params: { bucket: name } }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  return (
    <Modal opened onClose={props.onClose} title="Create bucket" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit} className={css.form}>
        <TextInput
          size="sm"
          label="Name"
          description="3 to 63 lower-case letters, digits, hyphens and dots"
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          pattern="[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]"
          title="3 to 63 lower-case letters, digits, hyphens and dots"
          required
          withAsterisk={false}
          autoFocus
          autoCapitalize="none"
          spellCheck={false}
        />
        {make.error && <ProblemView error={make.error} compact />}
        <Button type="submit" size="sm" loading={make.isPending}>
          Create
        </Button>
      </form>
    </Modal>
  );
}
