export default {
  input: '../../../openapi.yaml',
  output: 'generated',
  logs: {file: false},
  plugins: [{name: 'zod', dates: {offset: true}}], // A time may have an offset other than Z.
};
