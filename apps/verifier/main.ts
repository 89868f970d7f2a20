import process from 'node:process';
import { runVerifier } from './program.js';

process.exitCode = await runVerifier(process.argv.slice(2), (text) => void process.stdout.write(text), (text) => void process.stderr.write(text));
