// Starts `mstage lsp`, and runs the commands of its code lenses. Everything else is the server's.

import * as path from "node:path";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("mstage.check", (uri?: string) => run("check", uri, (file) => [program(), ["check", file]])),
    vscode.commands.registerCommand("mstage.graph", (uri?: string, stage?: string) =>
      run("graph", uri, (file) => [program(), ["graph", file, ...target(stage)]]),
    ),
    vscode.commands.registerCommand("mstage.build", async (uri?: string, stage?: string) => {
      stage ??= await vscode.window.showInputBox({ prompt: "The stage to build; nothing for the default" });
      if (stage === undefined) {
        return;
      }
      await run("build", uri, (file) => [
        "docker",
        ["buildx", "build", "--file", file, ...target(stage), path.dirname(file)],
      ]);
    }),
    vscode.commands.registerCommand("mstage.restart", restart),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("mstage.path") || event.affectsConfiguration("mstage.codeLens")) {
        await restart();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function start(): Promise<void> {
  const server: ServerOptions = { command: program(), args: ["lsp"] };
  const options: LanguageClientOptions = {
    // The server says nothing about TOML files of other programs.
    documentSelector: [
      { scheme: "file", language: "toml" },
      { scheme: "untitled", language: "toml" },
      { scheme: "file", pattern: "**/{mstage.toml,*.mstage.toml}" },
    ],
    initializationOptions: { codeLens: settings().get<boolean>("codeLens", true) },
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.toml") },
  };
  client = new LanguageClient("mstage", "mstage", server, options);
  try {
    await client.start();
  } catch (problem) {
    client = undefined;
    const choice = await vscode.window.showErrorMessage(
      `mstage: cannot start \`${program()} lsp\`: ${problem instanceof Error ? problem.message : String(problem)}`,
      "Open settings",
    );
    if (choice) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "mstage.path");
    }
  }
}

async function restart(): Promise<void> {
  await client?.stop();
  client = undefined;
  await start();
}

/** Runs a program about a file in a terminal of its own. */
async function run(
  name: string,
  uri: string | undefined,
  command: (file: string) => [string, string[]],
): Promise<void> {
  const document = uri ? vscode.Uri.parse(uri) : vscode.window.activeTextEditor?.document.uri;
  if (document?.scheme !== "file") {
    void vscode.window.showErrorMessage("mstage: open a build file first");
    return;
  }
  // What has not been saved is not in the file.
  await vscode.workspace.save(document);
  const [executable, args] = command(document.fsPath);
  const folder = vscode.workspace.getWorkspaceFolder(document);
  const task = new vscode.Task(
    { type: "process" },
    folder ?? vscode.TaskScope.Workspace,
    name,
    "mstage",
    new vscode.ProcessExecution(executable, args, { cwd: path.dirname(document.fsPath) }),
    [],
  );
  task.presentationOptions = { panel: vscode.TaskPanelKind.Dedicated, clear: true };
  await vscode.tasks.executeTask(task);
}

function target(stage: string | undefined): string[] {
  return stage ? ["--target", stage] : [];
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("mstage");
}

function program(): string {
  return settings().get<string>("path", "mstage");
}
