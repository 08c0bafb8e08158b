export default function UploadPage({ uploadId }: { uploadId: string }) {
  return <p>{uploadId}</p>
}
