// Prints a free port on the loopback interface, for servers that cannot choose one themselves.
import net from 'node:net';

const server = net.createServer().listen(0, '127.0.0.1', () => {
  console.log(server.address().port);
  server.close();
});
