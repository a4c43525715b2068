// Models of one's own: what is here, what is coming, and how much room there is.
import './index.css';
import { For } from 'solid-js';
import { useApp } from '../context';
import { AdapterTable } from './adapter-table';
import { AddFiles } from './add-files';
import { HubForm } from './hub-form';
import { ModelTable } from './model-table';
import { StorageBar } from './storage-bar';
import { TaskCard } from './task-card';
import { Tools } from './tools';

export function LibraryPage() {
  const { library } = useApp();
  return (
    <div class="page library">
      <h1>Models</h1>
      <AddFiles />
      <HubForm />
      <For each={library.imports.tasks}>{(task) => <TaskCard task={task} />}</For>
      <ModelTable />
      <AdapterTable />
      <StorageBar />
      <Tools />
    </div>
  );
}
