"use strict";

window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  docExpansion: "full",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null, // It would send the document's address to a server elsewhere.
});
