import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { createSecret } from '../api/secrets';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';

export function NewSecret(props: { onClose: () => void; onCreated: (name: string) => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [value, setValue] = useState('');
  const make = useMutation({ mutationFn: () => createSecret(name, { description, value }), onSuccess: () => props.onCreated(name) });
  return (
    <Sheet label="New secret" title="New secret" onClose={props.onClose}>
      <Part title="Secret">
        <form
          className={list.form}
          onSubmit={(e) => {
            e.preventDefault();
            make.mutate();
          }}
        >
          <TextInput
            label="Name"
            description="letters, digits and / _ + = . @ ! -"
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            required
            withAsterisk={false}
            autoFocus
            autoCapitalize="none"
            spellCheck={false}
          />
          <TextInput label="Description" value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
          <PasswordInput size="xs" label="Value" description="a text; JSON where it has several parts" value={value} onChange={(e) => setValue(e.currentTarget.value)} autoComplete="off" />
          {make.error && <ProblemView error={make.error} compact />}
          <Button type="submit" loading={make.isPending}>
            Create secret
          </Button>
        </form>
      </Part>
    </Sheet>
  );
}
