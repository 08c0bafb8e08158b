/**
 * The files of this visit, by the upload that was made of them.
 *
 * The server keeps the rows of a file, not the file. Where it must be read in another way, it is sent
 * again. After a reload the file is gone, and the page asks for it.
 */

const files = new Map<string, File>()

export function rememberFile(uploadId: string, file: File): void {
  files.set(uploadId, file)
}

export function rememberedFile(uploadId: string): File | undefined {
  return files.get(uploadId)
}
