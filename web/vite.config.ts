import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.GRAPHGEN_SERVER ?? "http://127.0.0.1:8765";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../graphgen/server/editor",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the server allows no inline scripts, and data: only for pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  server: {
    port: 5173,
    proxy: {
      "/api": {
        target: server,
        ws: true,
        changeOrigin: true,
        rewriteWsOrigin: true,
        // The server takes requests of its own pages only.
        configure: (proxy) =>
          proxy.on("proxyReq", (to) => {
            to.setHeader("origin", server);
            to.removeHeader("sec-fetch-site");
          }),
      },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
