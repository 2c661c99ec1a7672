import { Button, Select, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';
import { freeName, pairable, taken, withCoordinate } from './draft';
import type { SheetProps } from './PrepareView';
import { isNumber, typeOf } from './types';

/** Two fields that are a place together. */
export function CoordinateSheet(props: SheetProps & { name: string }) {
  const { draft, change, onOpen } = props;
  const made = (draft.coordinates ?? []).find((c) => c.name === props.name);
  const offer = pairable(draft);
  const [name, setName] = useState(made?.name ?? freeName(draft, 'coordinate'));
  const [latitude, setLatitude] = useState(made?.latitude ?? offer?.latitude ?? null);
  const [longitude, setLongitude] = useState(made?.longitude ?? offer?.longitude ?? null);
  const numbers = draft.fields.filter((f) => isNumber(typeOf(f)) || f.geo === 'latitude' || f.geo === 'longitude').map((f) => f.name);
  const wanted = name.trim();
  const double = wanted !== props.name && taken(draft, wanted);
  const without = (coordinates = draft.coordinates) => (coordinates ?? []).filter((c) => c !== made);
  return (
    <Sheet label="Coordinate" title={made ? made.name : 'New coordinate'} onClose={() => onOpen(undefined)}>
      <Part title="Coordinate">
        <form
          className={list.form}
          onSubmit={(e) => {
            e.preventDefault();
            if (!latitude || !longitude) return;
            change((d) => withCoordinate({ ...d, coordinates: without(d.coordinates), hierarchies: d.hierarchies?.map((h) => ({ ...h, fields: h.fields.map((f) => (f === made?.name ? wanted : f)) })) }, latitude, longitude, wanted));
            onOpen(undefined);
          }}
        >
          <TextInput label="Name" value={name} error={double ? 'There is a field of this name.' : undefined} onChange={(e) => setName(e.currentTarget.value)} autoCapitalize="none" spellCheck={false} />
          <Select label="Latitude" data={numbers} value={latitude} searchable comboboxProps={{ shadow: 'sm' }} onChange={setLatitude} />
          <Select label="Longitude" data={numbers} value={longitude} searchable comboboxProps={{ shadow: 'sm' }} onChange={setLongitude} />
          <Button type="submit" disabled={wanted === '' || double || !latitude || !longitude || latitude === longitude}>
            {made ? 'Update' : 'Create coordinate'}
          </Button>
          {made && (
            <Button
              variant="default"
              leftSection={<IconTrash size={14} />}
              onClick={() => {
                change((d) => ({ ...d, coordinates: without(d.coordinates) }));
                onOpen(undefined);
              }}
            >
              Delete
            </Button>
          )}
        </form>
      </Part>
    </Sheet>
  );
}
