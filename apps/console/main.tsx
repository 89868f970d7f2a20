import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import './printing.js';

const root = document.getElementById('console');
if (!root) throw new Error('the page has no place for the console');
createRoot(root).render(<StrictMode><App /></StrictMode>);
