const rooms = 'kernel|audit|alerts|identity|dispatch|cap|channels|storage';
/** Sources run as ES modules through swc; the aliases of package.json `imports` point at the sources here. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        experimental: { keepImportAttributes: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    }],
  },
  moduleNameMapper: {
    [`^#(${rooms})/(.*)\\.js$`]: '<rootDir>/libs/$1/$2.ts',
    '^#(config|apps)/(.*)\\.js$': '<rootDir>/$1/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testMatch: ['<rootDir>/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/', '<rootDir>/.findme/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.findme/'],
  // As built (`npm test` builds first): Jest loads these two outside its own module system, and the servers' keeper is a
  // program of its own in any case.
  globalSetup: '<rootDir>/dist/tests/support/jest-global-setup.js',
  globalTeardown: '<rootDir>/dist/tests/support/jest-global-teardown.js',
  maxWorkers: 2,
  // Real servers on a busy machine; what is wrong fails by its own deadline, not by this one: none states another.
  testTimeout: 120_000,
};
